import { describe, expect, it } from "vitest";
import { openView } from "./support/openView";
import { decode, encode } from "./support/wire";

// The means of these tests are tested first: what notices nothing would let everything pass.

describe("a page's faults are noticed", () => {
  const attempts: Record<string, { attempt(): void; seen: RegExp }> = {
    "an inline style": { attempt: () => document.body.insertAdjacentHTML("beforeend", '<p style="color: red">'), seen: /refused by style-src-attr/ },
    "an inline script": { attempt: () => document.body.append(Object.assign(document.createElement("script"), { textContent: "1" })), seen: /refused by script-src-elem: inline/ },
    "a handler in the markup": { attempt: () => { document.body.setAttribute("onclick", "1"); document.body.click(); }, seen: /refused by script-src-attr/ },
    "a picture from elsewhere": { attempt: () => void (new Image().src = "http://192.0.2.1/a.png"), seen: /refused by img-src: http:\/\/192\.0\.2\.1/ },
    "a request": { attempt: () => void fetch(location.href).catch(() => undefined), seen: /refused by connect-src/ },
    "an error": { attempt: () => void setTimeout(() => { throw new Error("on purpose"); }), seen: /thrown: .*on purpose/s },
    "a rejected promise": { attempt: () => void Promise.reject(new Error("on purpose")), seen: /thrown: .*on purpose/s },
  };
  it.each(Object.keys(attempts))("%s", async name => {
    const view = await openView("explorer", { checkpoint: null });
    expect(view.faults).toEqual([]);
    await view.page.evaluate(attempts[name]!.attempt);
    await expect.poll(() => view.faults.join("\n")).toMatch(attempts[name]!.seen);
    await view.close();
  });

  it("an error that the page itself reports", async () => {
    const view = await openView("explorer", { checkpoint: null });
    await view.page.evaluate(() => void setTimeout(() => { throw new Error("on purpose"); }));
    await expect.poll(() => view.host.argsOf("report").join("\n")).toContain("on purpose");
    await view.close();
    expect(view.faults.join("\n")).toContain("reported: Error: on purpose");
  });
});

describe("a page's look is judged", () => {
  it("text that cannot be read, words without room, controls on each other and beyond the edge", async () => {
    const view = await openView("explorer", { checkpoint: null, width: 300 });
    await view.page.evaluate(() => {
      const add = (tag: string, text: string, style: Partial<CSSStyleDeclaration>) => {
        const element = Object.assign(document.createElement(tag), { textContent: text });
        Object.assign(element.style, { position: "absolute", left: "0", top: "0", ...style });
        document.body.append(element);
      };
      add("p", "faint text", { color: "#333", background: "#222" });
      add("p", "letter by letter", { width: "10px", overflowWrap: "anywhere" });
      add("p", "a long text in one line", { width: "60px", whiteSpace: "nowrap" });
      add("button", "one", { top: "40px" });
      add("button", "two", { top: "44px" });
      add("button", "beyond", { left: "280px" });
    });
    const contrasts = await view.page.evaluate(() => window.latentLens.audit.contrasts());
    expect(contrasts.filter(({ ratio }) => ratio < 3).map(({ what }) => what)).toEqual(["<p> faint text"]);
    const problems = (await view.page.evaluate(() => window.latentLens.audit.layoutProblems())).join("\n");
    for (const problem of [/beyond reaches from 280/, /text of <p> a long text/, /letter by letter has 10 px/, /<button> one lies on <button> two/]) expect(problems).toMatch(problem);
  });
});

describe("values on their way into a page and back", () => {
  it("stay what they are", async () => {
    const view = await openView("explorer", { checkpoint: null });
    const value = { floats: Float32Array.of(1.5, NaN, -0), bytes: new Uint8Array(70_000).fill(200), rows: Int32Array.of(-1, 7).subarray(1), list: [undefined, Infinity, -0, null, "“ü”", { deep: [Float64Array.of(Math.PI)] }] };
    view.host.state = { ...view.host.state, comparisons: value as never };
    const inPage = await view.page.evaluate(text => new Promise<string[]>(done => {
      addEventListener("message", ({ data }) => {
        const { floats, bytes, rows, list } = data as typeof value;
        done([floats.constructor.name, String(floats), bytes.constructor.name, String(bytes.length), rows.constructor.name, String(rows), String(list)]);
      }, { once: true });
      window.latentLens.receive(new URLSearchParams(location.search).get("opening")!, text);
    }), encode(value));
    expect(inPage).toEqual(["Float32Array", "1.5,NaN,0", "Uint8Array", "70000", "Int32Array", "7", ",Infinity,0,,“ü”,[object Object]"]);
    expect(decode(encode(value))).toEqual(value);
    expect(() => encode(new DataView(new ArrayBuffer(1)))).toThrow(TypeError);
  });
});
