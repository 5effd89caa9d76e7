// Playwright passes texts between a test and its page. VS Code's messages are structured clones, in which typed arrays
// survive: here they travel as base64, and what JSON has no word for under its name.

type Tagged = { $: string; value: string };
type TypedArray = Exclude<ArrayBufferView, DataView> & ArrayLike<number>;

const arrayTypes = { Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array };

/** A structured-clone value as text. */
export function encode(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key) {
    // Not the second parameter: a Buffer's toJSON would have run before it.
    return tag(this[key]);
  });
}

/** The value that `encode` was given. */
export function decode(text: string): unknown {
  return untag(JSON.parse(text));
}

function tag(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return tagged(typeName(value), base64Of(value));
  if (value === undefined) return tagged("undefined", "");
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) return tagged("number", Object.is(value, -0) ? "-0" : String(value));
  return value;
}

function untag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untag);
  if (typeof value !== "object" || value === null) return value;
  const { $: type, value: content } = value as Partial<Tagged>;
  if (type === "undefined") return undefined;
  if (type === "number") return Number(content);
  if (type !== undefined && Object.hasOwn(arrayTypes, type)) return arrayOf(type as keyof typeof arrayTypes, content!);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, untag(inner)]));
}

const tagged = (type: string, value: string): Tagged => ({ $: type, value });

/** A subclass, such as Node's Buffer, arrives as what it is made of, as in a structured clone. */
function typeName(view: ArrayBufferView): string {
  const name = Object.entries(arrayTypes).find(([, type]) => view instanceof type)?.[0];
  if (name === undefined) throw new TypeError(`${view.constructor.name} is not exchanged between processes`);
  return name;
}

function base64Of({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let text = "";
  // In pieces: each byte is an argument, of which a call takes some ten thousand.
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(text);
}

function arrayOf(type: keyof typeof arrayTypes, base64: string): TypedArray {
  const text = atob(base64);
  const bytes = Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return new arrayTypes[type](bytes.buffer);
}
