import type { Labels } from "../../protocol/data";
import { cssColor, markOutlineColor } from "../shared/colors";
import { t } from "../shared/host";
import type { PointCloudElement } from "../shared/pointCloud/pointCloudElement";
import { colorOfClass, legendOf } from "../shared/pointColors";
import { readTheme } from "../shared/theme";

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
  /** The first row that is drawn as a mark, half its width, and the colour of its outline. */
  firstMark: number;
  markRadius: number;
  outline: string;
  axes: string[];
  legend: { color: string; name: string }[];
}

/** The scatter as an SVG document: a circle for every point in view, a diamond for every mark, grouped by colour to keep the file small. */
export function scatterSvg({ width, height, background, foreground, font, screen, colors, radius, firstMark, markRadius: r, outline, axes, legend }: SvgPicture): string {
  // Marks lie above all points, in groups of their own.
  const [groups, marks] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (let row = 0; row < colors.length / 4; row++) {
    const alpha = colors[4 * row + 3]!;
    const [x, y] = [screen[2 * row]!, screen[2 * row + 1]!];
    if (alpha === 0 || x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
    const key = `fill="rgb(${colors[4 * row]},${colors[4 * row + 1]},${colors[4 * row + 2]})"${alpha < 255 ? ` fill-opacity="${(alpha / 255).toFixed(2)}"` : ""}`;
    const among = row < firstMark ? groups : marks;
    let group = among.get(key);
    if (!group) among.set(key, (group = []));
    group.push(row < firstMark ? `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}"/>` : `<path d="M${(x - r).toFixed(1)} ${y.toFixed(1)}l${r} ${-r} ${r} ${r} ${-r} ${r}z"/>`);
  }
  const text = (x: number, y: number, content: string, more = "") => `<text x="${x}" y="${y}" ${more}>${escape(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    ...[...groups].map(([fill, circles]) => `<g ${fill}>${circles.join("")}</g>`),
    ...[...marks].map(([fill, diamonds]) => `<g ${fill} stroke="${outline}" stroke-width="1.25">${diamonds.join("")}</g>`),
    `<g fill="${foreground}" font-family="${escape(font)}" font-size="11">`,
    axes[0] ? text(width - 10, height - 8, axes[0], 'text-anchor="end"') : "",
    axes[1] ? text(16, 10, axes[1], `text-anchor="end" transform="rotate(-90 16 10)"`) : "",
    ...legend.map(({ color, name }, i) => `<circle cx="${width - 150}" cy="${20 + 18 * i}" r="5" fill="${color}"/>${text(width - 138, 24 + 18 * i, name)}`),
    "</g></svg>",
  ].join("\n");
}

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** What a cloud shows at the moment as an SVG document, with the legend of its classes. */
export function svgOfCloud(cloud: PointCloudElement, { labels, ...shown }: Pick<SvgPicture, "colors" | "firstMark" | "axes"> & { labels: Labels | null }): string {
  const theme = readTheme();
  return scatterSvg({
    ...shown, width: cloud.clientWidth, height: cloud.clientHeight, background: cssColor(theme.background), foreground: theme.foreground, font: theme.fontFamily,
    screen: cloud.screenPositions(), radius: cloud.drawnPointSize / 2, markRadius: cloud.drawnMarkSize / 2, outline: cssColor(markOutlineColor(theme.dark)),
    legend: labels ? legendOf(labels).map(({ value, name }) => ({ color: cssColor(colorOfClass(value, theme.dark)), name: name || t("no label") })) : [],
  });
}
