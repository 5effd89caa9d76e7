import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rowSize, type HyperparameterValues } from "../../src/protocol/data";
import { models } from "../../src/engine/models";
import { resolveHyperparameters } from "../../src/engine/models/hyperparameters";
import { can, capabilitiesOf, FitInterrupted, type FitContext, type FitOutcome, type FitState, type Model, type ModelSpec } from "../../src/engine/models/model";
import { encodeAndScore, type FittedModel } from "../../src/engine/modelSpace";
import { modelSchema } from "../../src/engine/scaler";
import { loadTrainingData, type TrainingData } from "../../src/engine/trainingData";
import type { BackendId } from "../../src/protocol/engineApi";
import { useBackend } from "./backends";
import { mnistDigits } from "./memoryDataset";

const seed = 7;

/** Values that make a fit small: the software GPU is slow. */
function smallValues(spec: ModelSpec, backend: string): HyperparameterValues {
  const wanted: HyperparameterValues = { latentDim: 3, epochs: 3, batchSize: 32, hidden: [24], filters: [4, 8], validation: 0.2, learningRate: 0.004 };
  if (backend === "webgpu") wanted.epochs = 2;
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => Object.hasOwn(spec.hyperparameters, name)));
}

/** What every model must do, on the backends given. A new model needs no new test file. */
export const conformance = (backends: readonly BackendId[]) => describe.each(backends)("on %s", backend => {
  beforeAll(() => useBackend(backend));

  // A software GPU is slow, and these differ from the plain models in operations that tfjs composes there.
  const special: [string, ModelSpec, HyperparameterValues][] = backend === "webgpu" ? [] : [
    ["convAutoencoder, batch-normalized, RMSProp", models.convAutoencoder, { batchNormalization: true, optimizer: "rmsProp", learningRate: 0.001 }],
    ["autoencoder, SGD with momentum", models.autoencoder, { optimizer: "momentum", learningRate: 0.3 }],
  ];
  describe.each([...Object.entries<ModelSpec>(models).filter(([, spec]) => !spec.isMap).map(([id, spec]) => [id, spec, {}] as [string, ModelSpec, HyperparameterValues]), ...special])("%s", (_, spec, more) => {
    // tfjs's kernel for large products takes a software GPU a second to compile in each of its variants: those of PCA must do.
    const digits = mnistDigits(backend !== "webgpu" ? 200 : spec === models.pca ? 96 : 64, 2);
    const { scaling, values } = resolveHyperparameters(spec, { ...smallValues(spec, backend), ...more }, digits.schema);

    const load = () => loadTrainingData(digits, { scaling, validationShare: spec.validationShare(values), seed, scaler: null });
    const create = (data: TrainingData, withSeed = seed): Model => spec.create(modelSchema(data.schema, scaling), values, { seed: withSeed });
    const contextOf = (more: Partial<FitContext> = {}): FitContext => ({ seed, resume: null, onProgress: () => undefined, onEpoch: async () => undefined, ...more });
    const rowsOf = async () => digits.read(0, digits.schema.count);

    async function fitted(withSeed = seed): Promise<{ model: Model; data: TrainingData; outcome: FitOutcome; as: FittedModel }> {
      const data = await load();
      const model = create(data, withSeed);
      const outcome = await model.fit(data, contextOf({ seed: withSeed }));
      return { model, data, outcome, as: { schema: data.schema, scaler: data.scaler, model } };
    }

    let whole: ReturnType<typeof fitted> | undefined;
    /** The fit that tests look at together; what a fit leaves behind is tested on others. */
    const wholeFit = () => (whole ??= fitted());
    afterAll(async () => (await whole)?.model.dispose());

    // What has little to do with the backend is left out where a GPU is drawn in software, and each fit takes seconds.
    const onSoftware = backend === "webgpu" && !process.env["LATENT_LENS_TEST_GPU"];
    const unlessSoftware = (name: string, run: () => Promise<void>) => {
      if (!onSoftware) it(name, run);
    };

    it("learns, with the shapes it declares, and leaves no tensors behind", async () => {
      const before = tf.memory().numTensors;
      const { model, outcome, as } = await fitted();
      const { z, scores } = await encodeAndScore(as, await rowsOf());
      expect(z.length).toBe(digits.schema.count * model.latent.dim);
      expect(z.every(Number.isFinite)).toBe(true);
      expect(model.latent.blocks.reduce((sum, { size }) => sum + size, 0)).toBe(model.latent.dim);
      if (can(model, "decode")) {
        const x = tf.tidy(() => model.decode(tf.zeros([5, model.latent.dim])));
        expect(x.shape).toEqual([5, rowSize(digits.schema)]);
        x.dispose();
      }
      if (can(model, "sample")) {
        const draws = model.sample(4, 1);
        expect(draws.shape).toEqual([4, model.latent.dim]);
        draws.dispose();
      }
      if (capabilitiesOf(model).includes("score")) expect(scores).toHaveLength(digits.schema.count);
      const { history } = outcome;
      if (spec.epochs(values) > 0) {
        expect(history).toHaveLength(spec.epochs(values));
        expect(history.at(-1)!.train["total"]).toBeLessThan(history[0]!.train["total"]!);
        expect(history.every(({ validation }) => Number.isFinite(validation?.["total"]))).toBe(true);
      } else expect(Object.values(outcome.metrics).every(Number.isFinite)).toBe(true);
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    unlessSoftware("gives equal latents for equal seeds", async () => {
      const [a, b] = [await wholeFit(), await fitted()];
      expect((await encodeAndScore(a.as, await rowsOf())).z).toEqual((await encodeAndScore(b.as, await rowsOf())).z);
      b.model.dispose();
    });

    unlessSoftware("is rebuilt from its weights", async () => {
      const { model, data, as } = await wholeFit();
      const again = spec.create(modelSchema(data.schema, scaling), values, { weights: await model.weights() });
      const rows = await rowsOf();
      expect((await encodeAndScore({ ...as, model: again }, rows)).z).toEqual((await encodeAndScore(as, rows)).z);
      again.dispose();
    });

    it("refuses weights of another shape, naming them", async () => {
      const data = await load();
      const model = create(data);
      const weights = await model.weights();
      model.dispose();
      const [name] = Object.keys(weights) as [string];
      const before = tf.memory().numTensors;
      const reshaped = { ...weights, [name]: { shape: [1], data: new Float32Array(1) } };
      expect(() => spec.create(modelSchema(data.schema, scaling), values, { weights: reshaped })).toThrow(name);
      const missing = Object.fromEntries(Object.entries(weights).filter(([other]) => other !== name));
      expect(() => spec.create(modelSchema(data.schema, scaling), values, { weights: missing })).toThrow(name);
      expect(tf.memory().numTensors).toBe(before);
    });

    unlessSoftware("scores a planted outlier highest", async () => {
      const { model, as } = await wholeFit();
      if (capabilitiesOf(model).includes("score")) {
        const rows = Uint8Array.from(await rowsOf());
        const size = rowSize(digits.schema);
        for (let i = 0; i < size; i++) rows[5 * size + i] = (i * 7919) % 2 === 0 ? 255 : 0; // a chequerboard among digits
        const { scores } = await encodeAndScore(as, rows);
        expect(scores!.indexOf(Math.max(...scores!))).toBe(5);
      }
    });

    it("stops when cancelled and leaves no tensors behind", async () => {
      const before = tf.memory().numTensors;
      const data = await load();
      const model = create(data);
      const abort = new AbortController();
      const fitting = model.fit(data, contextOf({ signal: abort.signal, onProgress: () => abort.abort() }));
      await expect(fitting).rejects.toMatchObject({ code: "cancelled" });
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    // One model stands for all there: what a fit keeps is the same code, and the VAE draws from a stream of its own besides.
    if (spec.epochs(values) > 0 && (!onSoftware || spec === models.vae)) {
      it("resumes as if it had never stopped, wherever it was stopped", async () => {
        const { outcome: expected, model: wholeModel } = await wholeFit();
        const data = await load();
        const model = create(data);
        // The clock decides where a cancel lands: in epoch two of three here, in the midst of its batches.
        let state = await interrupt(model, data, progress => progress > 0.4);
        const position = { epoch: state.position.epoch, batch: state.position.batch };
        state = structuredClone(state);
        const again = create(data, 12345); // whatever it began with must not matter
        const outcome = await again.fit(data, contextOf({ resume: state }));
        const losses = ({ history }: FitOutcome) => history.map(({ epoch, train, validation }) => ({ epoch, train, validation }));
        expect(losses(outcome)).toEqual(losses(expected));
        expect(outcome.bestEpoch).toBe(expected.bestEpoch);
        expect(await again.weights()).toEqual(await wholeModel.weights());
        expect(position.epoch * 100 + position.batch).toBeGreaterThan(0);
        for (const one of [model, again]) one.dispose();
      });
    }

    async function interrupt(model: Model, data: TrainingData, when: (fraction: number) => boolean): Promise<FitState> {
      const abort = new AbortController();
      try {
        await model.fit(data, contextOf({ signal: abort.signal, onProgress: ({ fraction }) => { if (when(fraction)) abort.abort(); } }));
      } catch (error) {
        if (error instanceof FitInterrupted) return error.state;
        throw error;
      }
      throw new Error("the fit ended before it could be interrupted");
    }
  });
});
