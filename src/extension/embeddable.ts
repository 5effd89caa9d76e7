/** File names that a reader opens; package.json's menus use the same pattern (manifest.test.ts). */
export const embeddableFile = /\.(idx|npy|npz|csv|tsv)$|\.idx\.gz$|ubyte(\.gz)?$/i;
