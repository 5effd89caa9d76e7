
export interface SvgPicture {
  width: number;
  height: number;
  background: string;
  foreground: string;
  font: string;
  /** CSS pixels [n × 2] and colours [n × 4] of the points; those of opacity 0 are left out. */
  screen: Float32Array;
  colors: Uint8Array;
  radius: number;
  axes: string[];
  legend: { color: string; name: string }[];
}

/** The scatter as an SVG document: a circle for every point in view, grouped by colour to keep the file small. */
export function scatterSvg({ width, height, background, foreground, font, screen, colors, radius, axes, legend }: SvgPicture): string {
  const groups = new Map<string, string[]>();
  for (let row = 0; row < colors.length / 4; row++) {
    const alpha = colors[4 * row + 3]!;
    const [x, y] = [screen[2 * row]!, screen[2 * row + 1]!];
    if (alpha === 0 || x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
    const key = `fill="rgb(${colors[4 * row]},${colors[4 * row + 1]},${colors[4 * row + 2]})"${alpha < 255 ? ` fill-opacity="${(alpha / 255).toFixed(2)}"` : ""}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = []));
    group.push(`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}"/>`);
  }
  const text = (x: number, y: number, content: string, more = "") => `<text x="${x}" y="${y}" ${more}>${escape(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    ...[...groups].map(([fill, circles]) => `<g ${fill}>${circles.join("")}</g>`),
    `<g fill="${foreground}" font-family="${escape(font)}" font-size="11">`,
    axes[0] ? text(width - 10, height - 8, axes[0], 'text-anchor="end"') : "",
    axes[1] ? text(16, 10, axes[1], `text-anchor="end" transform="rotate(-90 16 10)"`) : "",
    ...legend.map(({ color, name }, i) => `<circle cx="${width - 150}" cy="${20 + 18 * i}" r="5" fill="${color}"/>${text(width - 138, 24 + 18 * i, name)}`),
    "</g></svg>",
  ].join("\n");
}

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

