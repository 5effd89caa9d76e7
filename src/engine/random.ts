// Seeded randomness. A stream is named by a seed and a path of words and numbers, e.g. ("epoch", 3): every epoch and
// every step has its own stream, so a resumed run draws what an uninterrupted one would have drawn, and nothing but the
// seed needs to be stored.

/** Uniform and normal numbers from a xoshiro128** generator (Blackman & Vigna 2018) named by `seed` and `path`. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal (Box & Muller 1958). */
  normal(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
}

/** The stream of the given name; equal names give equal streams. */
export function random(seed: number, ...path: (string | number)[]): Random {
  const [first, second, third, fourth] = hashName([seed, ...path]);
  let a = first, b = second, c = third, d = fourth;
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a; d ^= b; b ^= c; a ^= d; c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  const uniform = () => (next() >>> 5) * 2 ** -27; // 27 bits are exact in f32 and plenty here
  let spare: number | undefined;
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal, integer: below => Math.floor(uniform() * below) };
}

/** A shuffled copy of `items` (Fisher & Yates 1938). */
export function shuffled(items: Int32Array, stream: Random): Int32Array {
  const result = items.slice();
  for (let last = result.length - 1; last > 0; last--) {
    const other = stream.integer(last + 1);
    const kept = result[last]!;
    result[last] = result[other]!;
    result[other] = kept;
  }
  return result;
}

/** `count` standard normal numbers. */
export function normals(count: number, stream: Random): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = stream.normal();
  return values;
}

const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits));

/** Four well-mixed words from a name (FNV-1a over its text, then MurmurHash3's finalizer with four offsets). */
function hashName(name: (string | number)[]): [number, number, number, number] {
  let hash = 0x811c9dc5;
  const text = name.join("\u0000");
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  const mixed = [0x9e3779b9, 0x7f4a7c15, 0xf39cc060, 0x5ce4ffb1].map(offset => {
    let word = (hash + offset) | 0;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  });
  return mixed as [number, number, number, number];
}
