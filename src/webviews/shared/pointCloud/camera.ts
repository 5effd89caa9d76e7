// The view onto a cloud: pan and zoom in two dimensions, orbit in three. A camera is plain data (it is persisted); the
// functions give the 4×4 matrix (column-major, as WebGL wants it) from data space to clip space, and new cameras.

export interface Camera2d {
  kind: "2d";
  /** Data point at the middle of the view, and CSS pixels per data unit. */
  x: number;
  y: number;
  scale: number;
}
export interface Camera3d {
  kind: "3d";
  /** Angles in radians, distance from the cloud's middle in units of its radius, pan in the same units. */
  yaw: number;
  pitch: number;
  distance: number;
  panX: number;
  panY: number;
}
export type Camera = Camera2d | Camera3d;

export interface Bounds {
  /** Middle of the cloud and half of its extent, per dimension. */
  middle: number[];
  half: number[];
}
export interface Viewport {
  width: number;
  height: number;
}
/** CSS pixels, across and upwards, that are kept clear at both sides where everything is shown. */
export type Clear = readonly [number, number];

/** Middle and half extent of points [n × dimensions]; a point has half extent 1, so that it can be looked at. */
export function boundsOf(positions: Float32Array, dimensions: number): Bounds {
  const low = new Array<number>(dimensions).fill(Infinity);
  const high = new Array<number>(dimensions).fill(-Infinity);
  for (let i = 0; i < positions.length; i += dimensions) {
    for (let j = 0; j < dimensions; j++) {
      const value = positions[i + j]!;
      if (value < low[j]!) low[j] = value;
      if (value > high[j]!) high[j] = value;
    }
  }
  const half = low.map((value, j) => (high[j]! > value ? (high[j]! - value) / 2 : 1));
  return { middle: low.map((value, j) => (Number.isFinite(value) ? (value + high[j]!) / 2 : 0)), half };
}

/** A camera that shows everything, with some room at the sides: a twentieth, or `clear` where that is more and leaves half of the view. */
export function fit({ middle, half }: Bounds, dimensions: number, { width, height }: Viewport, [clearX, clearY]: Clear = [0, 0]): Camera {
  if (dimensions === 3) return { kind: "3d", yaw: 0.6, pitch: 0.45, distance: 2.9, panX: 0, panY: 0 };
  const used = (size: number, clear: number) => Math.max(size / 2, Math.min(0.9 * size, size - 2 * clear));
  return { kind: "2d", x: middle[0]!, y: middle[1]!, scale: Math.min(used(width, clearX) / (2 * half[0]!), used(height, clearY) / (2 * half[1]!)) };
}

/** Data space → clip space. */
export function matrixOf(camera: Camera, bounds: Bounds, viewport: Viewport): Float32Array {
  return camera.kind === "2d" ? matrix2d(camera, viewport) : matrix3d(camera, bounds, viewport);
}

function matrix2d({ x, y, scale }: Camera2d, { width, height }: Viewport): Float32Array {
  const sx = (2 * scale) / width;
  const sy = (2 * scale) / height;
  return Float32Array.of(sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, 1, 0, -sx * x, -sy * y, 0, 1);
}

/** Perspective (45°) · translate · pitch · yaw · normalize to the unit sphere. */
function matrix3d({ yaw, pitch, distance, panX, panY }: Camera3d, { middle, half }: Bounds, { width, height }: Viewport): Float32Array {
  const radius = Math.hypot(half[0]!, half[1]!, half[2]!);
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  // Rows of the rotation: right, up and towards the viewer, in data axes (z up).
  const right = [cy, sy, 0];
  const up = [-sp * sy, sp * cy, cp];
  const back = [cp * sy, -cp * cy, sp];
  const focal = 1 / Math.tan(Math.PI / 8);
  const aspect = width / height;
  const near = Math.max(0.01, distance - 1.8);
  const far = distance + 1.8;
  const [fx, fy] = aspect > 1 ? [focal / aspect, focal] : [focal, focal * aspect];
  const depthScale = -(far + near) / (far - near);
  const depthShift = (-2 * far * near) / (far - near);
  const matrix = new Float32Array(16);
  for (let j = 0; j < 3; j++) {
    const view = [right[j]! / radius, up[j]! / radius, back[j]! / radius];
    matrix[4 * j] = fx * view[0]!;
    matrix[4 * j + 1] = fy * view[1]!;
    matrix[4 * j + 2] = depthScale * view[2]!;
    matrix[4 * j + 3] = -view[2]!;
  }
  const moved = [right, up, back].map(axis => -(axis[0]! * middle[0]! + axis[1]! * middle[1]! + axis[2]! * middle[2]!) / radius);
  const viewZ = moved[2]! - distance;
  matrix[12] = fx * (moved[0]! + panX);
  matrix[13] = fy * (moved[1]! + panY);
  matrix[14] = depthScale * viewZ + depthShift;
  matrix[15] = -viewZ;
  return matrix;
}

/** Drags the cloud by CSS pixels: pans in 2-D; in 3-D turns it, or pans it when `pan` is set. */
export function drag(camera: Camera, dx: number, dy: number, viewport: Viewport, pan: boolean): Camera {
  if (camera.kind === "2d") return { ...camera, x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale };
  const size = Math.min(viewport.width, viewport.height);
  if (pan) {
    const unit = (camera.distance * 0.83) / size;
    return { ...camera, panX: camera.panX + dx * unit, panY: camera.panY - dy * unit };
  }
  const pitch = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, camera.pitch + (dy * Math.PI) / size));
  return { ...camera, yaw: camera.yaw - (dx * Math.PI) / size, pitch };
}

/** Zooms by a factor; in 2-D the data point under the CSS pixel (px, py) stays there. */
export function zoom(camera: Camera, factor: number, px: number, py: number, { width, height }: Viewport): Camera {
  if (camera.kind === "3d") return { ...camera, distance: Math.max(0.15, Math.min(12, camera.distance / factor)) };
  const scale = Math.max(1e-12, Math.min(1e12, camera.scale * factor));
  const [ox, oy] = [px - width / 2, height / 2 - py];
  return { ...camera, scale, x: camera.x + ox / camera.scale - ox / scale, y: camera.y + oy / camera.scale - oy / scale };
}

/** How much larger things are drawn than when everything is shown. */
export function magnification(camera: Camera, bounds: Bounds, viewport: Viewport, clear?: Clear): number {
  const whole = fit(bounds, camera.kind === "2d" ? 2 : 3, viewport, clear);
  return camera.kind === "2d" ? camera.scale / (whole as Camera2d).scale : (whole as Camera3d).distance / camera.distance;
}
