/** The little of ComfyUI's page that web/js uses, by hand: the published types lack half of it and pull in 47 MB. */

export interface LWidget {
  name: string;
  type: string;
  value: any;
  hidden?: boolean;
  serialize?: boolean;
  element?: HTMLElement;
  options: Record<string, any>;
  callback?: (...args: any[]) => any;
}

export interface LNode {
  id: string | number;
  type: string;
  title: string;
  mode: number;
  graph: any;
  size: [number, number];
  properties: Record<string, any>;
  widgets?: LWidget[];
  inputs?: any[];
  outputs?: any[];
  constructor: { nodeData?: { input?: { required?: Record<string, any>; optional?: Record<string, any> } }; comfyClass?: string } & Function;
  addDOMWidget(name: string, type: string, element: HTMLElement, options: Record<string, any>): LWidget;
  computeSize(): [number, number];
  setSize(size: [number, number]): void;
}

export interface App {
  graph: any;
  rootGraph?: any;
  canvas: any;
  extensionManager: any;
  ui?: any;
  refreshComboInNodes?(): void;
  registerExtension(extension: Record<string, any>): void;
}

export interface Api {
  apiURL(path: string): string;
  fetchApi(path: string, init?: RequestInit): Promise<Response>;
  addEventListener(name: string, listener: (event: any) => void): void;
}
