// Stands for the package `vitest` in the packed GPU tests: its own runner and matchers, without Vite, which would have to be
// installed. Both packages are vitest's dependencies; snapshots, mocks and `expect.poll` are not there.
import { ASYMMETRIC_MATCHERS_OBJECT, customMatchers, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from "@vitest/expect";
import { getCurrentTest } from "@vitest/runner";
import * as chai from "chai";

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, onTestFinished, suite, test } from "@vitest/runner";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

export const expect = (value, message) => {
  const assertion = chai.expect(value, message);
  const running = getCurrentTest();
  return running ? assertion.withTest(running) : assertion;
};
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
expect.extend = matchers => chai.expect.extend(expect, matchers);
globalThis[GLOBAL_EXPECT] = expect;
setState({ assertionCalls: 0 }, expect);
expect.extend(customMatchers);
