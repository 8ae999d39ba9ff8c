// What we use of plotly.js, its internals included. The version is pinned, and browser tests click
// projected points, so that a change of the internals is noticed.

export interface PlotlyAxis {
  range: [number, number];
  /** Position and length of the axis, in px of the graph. */
  _offset: number;
  _length: number;
  /** Coordinate to px from the start of the axis, and back. */
  c2p(coordinate: number): number;
  p2c(px: number): number;
}

export interface Vector3 {
  x: number;
  y: number;
  z: number;
}

export interface PlotlyCamera {
  eye: Vector3;
  center: Vector3;
  up?: Vector3;
}

/** What draws the grid and the axes in 3D; places are in the units of the camera's matrices. */
export interface SceneAxes {
  /** The low and the high corner of the box. */
  bounds: [number[], number[]];
  ticks: { x: number }[][];
  /** What the camera decides: which side of each axis is far, and at which edge each axis is drawn. */
  lastCubeProps: { axis: number[]; cubeEdges: number[] };
}

export interface PlotlyScene {
  camera: PlotlyCamera;
  dragmode: string;
  _scene: {
    /** Scale from coordinates to the units of the camera's matrices. */
    dataScale: [number, number, number];
    /** Matrices are 4 x 4, column-major. Absent until the scene is first drawn. */
    glplot?: {
      cameraParams?: { model: ArrayLike<number>; view: ArrayLike<number>; projection: ArrayLike<number> };
      axes?: SceneAxes;
    };
  };
}

export interface PlotlyFullLayout {
  dragmode: string;
  xaxis: PlotlyAxis;
  yaxis: PlotlyAxis;
  scene: PlotlyScene;
  /** The room within the margins, in px of the graph. */
  _size: { l: number; t: number; w: number; h: number };
}

export interface PlotlyGraph extends HTMLElement {
  data?: object[];
  _fullData?: { marker?: { colorscale?: [number, string][] } }[];
  _fullLayout?: PlotlyFullLayout;
  on(name: string, handler: (event?: any) => void): void;
}

export interface Plotly {
  react(graph: HTMLElement, traces: object[], layout: object, config: object): Promise<void>;
  relayout(graph: HTMLElement, change: object): Promise<void>;
  purge(graph: HTMLElement): void;
  Fx: { hover(graph: HTMLElement, at: object, subplots: string[]): void; unhover(graph: HTMLElement): void };
  Icons: { home: object };
  Plots: { resize(graph: HTMLElement): Promise<void> };
}

declare global {
  interface Window {
    Plotly?: Plotly;
  }
}
