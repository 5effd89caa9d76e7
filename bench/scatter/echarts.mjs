// ECharts on Canvas2D: one `scatter` series a class in `large` mode, which draws a whole series in one colour. Not in portions:
// those are quicker to show something and slower to show everything.

import { ScatterChart } from "echarts/charts";
import { DataZoomComponent, GridComponent } from "echarts/components";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { offerChart } from "./echartsSeries.mjs";

use([ScatterChart, GridComponent, DataZoomComponent, CanvasRenderer]);
offerChart("scatter");
