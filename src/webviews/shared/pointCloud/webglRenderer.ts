import { markOutline } from "./look";
import type { Frame, PointRenderer } from "./renderer";

const vertexShader = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
uniform mat4 matrix;
uniform float size;
uniform float opacity;
uniform bool perspective;
uniform bool mark;
out vec4 tint;
void main() {
  gl_Position = matrix * vec4(position, 1.0);
  if (color.a == 0.0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0); // hidden: outside the clip volume
  gl_PointSize = perspective && !mark ? size * clamp(2.9 / gl_Position.w, 0.4, 3.0) : size;
  tint = vec4(color.rgb, color.a * opacity);
}`;

const fragmentShader = `#version 300 es
precision highp float;
in vec4 tint;
uniform float size;
uniform bool mark;
uniform float outlineWidth;
uniform vec3 outline;
out vec4 result;
void main() {
  if (mark) {
    vec2 from = abs(gl_PointCoord - 0.5) * 2.0;
    float along = from.x + from.y;
    float pixel = 2.8284 / max(size, 3.0);
    float outer = 1.0 - smoothstep(1.0 - pixel, 1.0, along);
    float reach = 1.0 - outlineWidth * pixel;
    float inner = 1.0 - smoothstep(reach - pixel, reach, along);
    if (outer <= 0.0) discard;
    result = vec4(mix(outline, tint.rgb, inner), 1.0) * (tint.a * outer);
    return;
  }
  float radius = length(gl_PointCoord - 0.5) * 2.0;
  float edge = 2.0 / max(size, 2.0);
  float coverage = 1.0 - smoothstep(1.0 - edge, 1.0, radius);
  if (coverage <= 0.0) discard;
  result = vec4(tint.rgb, 1.0) * (tint.a * coverage);
}`;

/** A renderer on WebGL2, or null where the page has none. Points are discs, one draw call for all. */
export function webglRenderer(canvas: HTMLCanvasElement, onLost: () => void): PointRenderer | null {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const program = link(gl);
  const [points, colors, elements] = [gl.createBuffer(), gl.createBuffer(), gl.createBuffer()];
  const uniform = (name: string) => gl.getUniformLocation(program, name);
  const uniforms = { matrix: uniform("matrix"), size: uniform("size"), opacity: uniform("opacity"), perspective: uniform("perspective"), mark: uniform("mark"), outline: uniform("outline"), outlineWidth: uniform("outlineWidth") };
  let count = 0;
  let is3d = false;
  let firstMark = Infinity;
  let emphasis: Int32Array = new Int32Array(0);
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.enableVertexAttribArray(0);
  gl.enableVertexAttribArray(1);
  const lost = (event: Event) => {
    event.preventDefault();
    onLost();
  };
  canvas.addEventListener("webglcontextlost", lost);

  return {
    kind: "webgl",
    setPoints: (positions, dimensions) => {
      count = positions.length / dimensions;
      is3d = dimensions === 3;
      gl.bindBuffer(gl.ARRAY_BUFFER, points);
      gl.bufferData(gl.ARRAY_BUFFER, positions, gl.STATIC_DRAW);
      gl.vertexAttribPointer(0, dimensions, gl.FLOAT, false, 0, 0);
    },
    setColors: values => {
      gl.bindBuffer(gl.ARRAY_BUFFER, colors);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
      gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    },
    setMarks: first => void (firstMark = first),
    setEmphasis: rows => void (emphasis = rows),
    draw: ({ matrix, width, height, ratio, size, opacity, markSize, outline }: Frame) => {
      resize(canvas, width * ratio, height * ratio);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      if (count === 0) return;
      if (is3d) gl.enable(gl.DEPTH_TEST);
      else gl.disable(gl.DEPTH_TEST);
      gl.uniformMatrix4fv(uniforms.matrix, false, matrix);
      gl.uniform1f(uniforms.size, size * ratio);
      // Blending and depth do not go together: in 3-D the nearer disc simply wins.
      gl.uniform1f(uniforms.opacity, is3d ? 1 : opacity);
      gl.uniform1i(uniforms.perspective, is3d ? 1 : 0);
      const marks = Math.max(0, count - firstMark);
      const drawMarks = (draw: () => void) => {
        gl.uniform1i(uniforms.mark, 1);
        gl.uniform1f(uniforms.size, markSize * ratio);
        gl.uniform1f(uniforms.opacity, 1);
        gl.uniform1f(uniforms.outlineWidth, markOutline * ratio);
        gl.uniform3f(uniforms.outline, outline[0] / 255, outline[1] / 255, outline[2] / 255);
        draw();
        gl.uniform1i(uniforms.mark, 0);
        gl.uniform1f(uniforms.size, size * ratio);
      };
      gl.uniform1i(uniforms.mark, 0);
      gl.drawArrays(gl.POINTS, 0, count - marks);
      if (marks > 0) drawMarks(() => gl.drawArrays(gl.POINTS, count - marks, marks));
      if (emphasis.length === 0) return;
      gl.disable(gl.DEPTH_TEST);
      gl.uniform1f(uniforms.opacity, 1);
      const emphasize = (rows: Int32Array) => {
        gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, elements);
        gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, Uint32Array.from(rows), gl.DYNAMIC_DRAW);
        gl.drawElements(gl.POINTS, rows.length, gl.UNSIGNED_INT, 0);
      };
      const [discs, diamonds] = [emphasis.filter(row => row < firstMark), emphasis.filter(row => row >= firstMark)];
      if (discs.length > 0) emphasize(discs);
      if (diamonds.length > 0) drawMarks(() => emphasize(diamonds));
    },
    dispose: () => {
      canvas.removeEventListener("webglcontextlost", lost);
      for (const buffer of [points, colors, elements]) gl.deleteBuffer(buffer);
      gl.deleteProgram(program);
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

export type WebglSupport = "hardware" | "software" | "none";

/** Who draws WebGL2 in this page, as far as anybody has found out. */
export function knownWebglSupport(): WebglSupport | undefined {
  return support;
}

/** Who draws WebGL2 in this page. Asked of a canvas of its own, since one that has had a kind of context gives no other; waits for the GPU process. */
export function webglSupport(): WebglSupport {
  return (support ??= askSupport());
}
let support: WebglSupport | undefined;

function askSupport(): WebglSupport {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return "none";
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|softpipe|basic render/i.test(name) ? "software" : "hardware";
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertexShader], [gl.FRAGMENT_SHADER, fragmentShader]] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "program");
  return program;
}

export function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  const [w, h] = [Math.max(1, Math.round(width)), Math.max(1, Math.round(height))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}
