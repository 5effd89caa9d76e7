import * as tf from "@tensorflow/tfjs-core";

// Loss terms, each the mean over the rows of a batch of a sum or mean over a row. Terms that are added up to be minimized
// are sums over a row, as the likelihoods they come from; what is reported per value is a mean.

/** Mean squared error per value, (1/nd) Σ (x − x̂)²: the Gaussian likelihood of a reconstruction up to constants. [n, d] → scalar. */
export function meanSquaredError(x: tf.Tensor, reconstruction: tf.Tensor): tf.Scalar {
  // The gradient for x̂ is 2 (x̂ − x) / nd, one pass; composed of its terms' gradients it is six. x is data and has none.
  return tf.customGrad((input, save) => {
    const difference = tf.sub(input as tf.Tensor, x);
    (save as tf.GradSaveFunc)([difference]);
    return {
      value: tf.mean(tf.square(difference)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0]!, tf.mul(dy, 2 / x.size)),
    };
  })(reconstruction) as tf.Scalar;
}

/** The same for each row: [n, d] → [n]. */
export function squaredErrorPerRow(x: tf.Tensor2D, reconstruction: tf.Tensor2D): tf.Tensor1D {
  return tf.mean(tf.square(tf.sub(x, reconstruction)), 1);
}

/**
 * Bernoulli negative log-likelihood per row, Σ_d −x log p − (1 − x) log(1 − p) with p = sigmoid(logits), mean over rows
 * (Kingma & Welling 2014, appendix C.1), in the form softplus(l) − x l that does not overflow.
 */
export function bernoulliNegativeLogLikelihood(x: tf.Tensor2D, logits: tf.Tensor2D): tf.Scalar {
  // The gradient for the logits is (p − x) / n, three passes; composed of its terms' gradients it is some twenty. x has none.
  return tf.customGrad((input, save) => {
    const l = input as tf.Tensor2D;
    (save as tf.GradSaveFunc)([l]);
    const perValue = tf.sub(tf.softplus(l), tf.mul(x, l));
    return {
      value: tf.div(tf.sum(perValue), x.shape[0]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(tf.sub(tf.sigmoid(saved[0]!), x), tf.div(dy, x.shape[0])),
    };
  })(logits) as tf.Scalar;
}

/** Gaussian negative log-likelihood per row with unit variance, up to its constant: ½ Σ_d (x − x̂)², mean over rows. */
export function gaussianNegativeLogLikelihood(x: tf.Tensor2D, reconstruction: tf.Tensor2D): tf.Scalar {
  return tf.mul(0.5, tf.mean(tf.sum(tf.square(tf.sub(x, reconstruction)), 1)));
}

/** KL(N(zMean, e^{zLogVar}) ‖ N(0, I)) = ½ Σ_j (μ_j² + σ_j² − log σ_j² − 1), mean over rows (Kingma & Welling 2014, appendix B). */
export function gaussianKl(zMean: tf.Tensor2D, zLogVar: tf.Tensor2D): tf.Scalar {
  const perDimension = tf.sub(tf.sub(tf.add(tf.square(zMean), tf.exp(zLogVar)), zLogVar), 1);
  return tf.mul(0.5, tf.mean(tf.sum(perDimension, 1)));
}
