import { LatentError } from "../../protocol/errors";

// The header of an npy file is a Python literal. This reads the part of that language that holds data (dict, tuple, list,
// text, whole number, True, False, None) and refuses everything else; nothing is evaluated.

export type Literal = string | number | boolean | null | Literal[] | Map<string, Literal>;

const deepest = 32;

/** The value of `text`; `bad-dataset` with the place where it stops being a literal. */
export function parsePythonLiteral(text: string): Literal {
  let at = 0;

  const fail = (expected: string): never => {
    const found = at < text.length ? JSON.stringify(text[at]) : "the end";
    throw new LatentError("bad-dataset", `its header is damaged: at character ${at}, expected ${expected}, found ${found}`);
  };
  const skipSpace = () => {
    while (at < text.length && " \t\r\n\f\0".includes(text[at]!)) at++;
  };
  const take = (token: string): boolean => {
    skipSpace();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };

  const readText = (quote: string): string => {
    let value = "";
    for (; at < text.length && text[at] !== quote; at++) {
      if (text[at] === "\n") fail("the end of a text");
      if (text[at] === "\\") {
        at++;
        if (!"\\'\"".includes(text[at] ?? " ")) fail("an escaped quote or backslash");
      }
      value += text[at];
    }
    if (!take(quote)) fail("the end of a text");
    return value;
  };

  const readItems = (end: string, depth: number): { items: Literal[]; comma: boolean } => {
    const items: Literal[] = [];
    let comma = false;
    while (!take(end)) {
      if (items.length > 0 && !comma) fail(`"," or "${end}"`);
      items.push(readValue(depth));
      comma = take(",");
    }
    return { items, comma };
  };

  const readDict = (depth: number): Map<string, Literal> => {
    const entries = new Map<string, Literal>();
    let comma = true;
    while (!take("}")) {
      if (!comma) fail('"," or "}"');
      const key = readValue(depth);
      if (typeof key !== "string") return fail("a text as key");
      if (entries.has(key)) fail(`one entry for "${key}"`);
      if (!take(":")) fail('":"');
      entries.set(key, readValue(depth));
      comma = take(",");
    }
    return entries;
  };

  const readValue = (depth: number): Literal => {
    if (depth > deepest) return fail("fewer levels of nesting");
    skipSpace();
    if (take("{")) return readDict(depth + 1);
    if (take("[")) return readItems("]", depth + 1).items;
    if (take("(")) {
      const { items, comma } = readItems(")", depth + 1);
      return items.length === 1 && !comma ? items[0]! : items; // (3) is a number in parentheses, (3,) a tuple
    }
    if (take("'")) return readText("'");
    if (take('"')) return readText('"');
    for (const [word, value] of [["True", true], ["False", false], ["None", null]] as const) if (take(word)) return value;
    const number = /^-?\d+/.exec(text.slice(at, at + 32));
    if (!number) return fail("a value");
    at += number[0].length;
    if (text[at] === "L") at++; // whole numbers as Python 2 wrote them
    return Number(number[0]);
  };

  const value = readValue(0);
  skipSpace();
  if (at < text.length) fail("the end");
  return value;
}
