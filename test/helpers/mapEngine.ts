import { createEngine } from "../../src/engine/engine";
import type { Progress } from "../../src/protocol/data";
import { backendOptions } from "./backends";

/** An engine on one thread, which is all that two test files at once leave; maps do not depend on how many there are. */
export async function mapEngine(onProgress: (runId: string, progress: Progress) => void): Promise<ReturnType<typeof createEngine>> {
  return createEngine({ ...(await backendOptions()), backend: "wasm", threads: 1 }, { didProgress: onProgress, didOpenBackend: () => undefined, didLog: () => undefined });
}
