import { workerData } from "node:worker_threads";
import { WebAssembly } from "../webAssembly";
import { crewCalls, type CrewData, type CrewKernels } from "./crewCalls";

// Entry of a crew's thread: it serves until it is ended.

const { module, memory, record } = workerData as CrewData;
crewCalls(new WebAssembly.Instance(module, { env: { memory } }).exports as CrewKernels, record).serve();
