// Loaded before everything else in a page of bench/scatter.mjs. Chrome hands pointer events to a page right before the
// animation frame in which it answers them. Here a step begins at any moment, so that while one is timed frames come at once,
// not with the display: nobody's time holds up to 16.7 ms of waiting. Otherwise they come as always; some libraries ask for
// one after the other without end, and would take a whole core.
{
  const withDisplay = window.requestAnimationFrame.bind(window);
  let waiting = new Map();
  let last = 0;
  let hurried = false;
  const frame = () => {
    const callbacks = waiting;
    waiting = new Map();
    for (const callback of callbacks.values()) callback(performance.now());
  };
  const schedule = () => (hurried ? setTimeout(frame) : withDisplay(frame));
  window.requestAnimationFrame = callback => {
    if (waiting.size === 0) schedule();
    waiting.set(++last, callback);
    return last;
  };
  window.cancelAnimationFrame = id => waiting.delete(id);
  /** Whether frames come at once. */
  window.hurryFrames = value => {
    hurried = value;
    schedule();
  };
}

// What the host of a webview gives its pages.
window.acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} });
