// Opens the engine's WebGPU backend in the environment given and prints its device, or why there is none, as one line of JSON.
//
//   node probe.cjs [adapter, as in the setting latentLens.gpuAdapter]
import { openBackend } from "../../src/engine/backend.ts";
import { messageOf } from "../../src/protocol/errors.ts";

openBackend({ choice: "webgpu", wasmFolder: "", kernelsFolder: "", adapter: process.argv[2] ?? "" })
  .then(({ device }) => ({ device }), error => ({ error: messageOf(error) }))
  .then(answer => {
    console.log(JSON.stringify(answer));
    process.exit();
  });
