// echarts-gl: `scatterGL` on WebGL, one series a class in `large` mode, as with ECharts itself.

import { ScatterGLChart } from "echarts-gl/charts";
import { DataZoomComponent, GridComponent } from "echarts/components";
import { use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { offerChart } from "./echartsSeries.mjs";

use([ScatterGLChart, GridComponent, DataZoomComponent, CanvasRenderer]);
offerChart("scatterGL");
