// What the module of the maps exports: kernels that a crew's threads run in parts (../crew.ts). The memory is imported and
// shared; the module owns no address of it: no static data, no allocator, every address comes in as an argument. A kernel's
// first two arguments are the part it is to do and how many there are; parts may run at once and in any order, so each
// writes what no other part touches.

export { fill } from "./fill";
export { ranks } from "./ranks";
export { searchAll } from "./searchAll";
export { searchCells } from "./searchCells";
export { searchDirect } from "./searchDirect";
