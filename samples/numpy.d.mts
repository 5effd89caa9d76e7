/** An array as an .npy file. */
export function npy(array: { type: "u1" | "i8" | "f4"; shape: number[]; data: ArrayBufferView }): Buffer;
