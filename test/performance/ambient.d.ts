interface ImportMeta {
  /** Vite's: loads the modules that fit, by path. */
  glob(pattern: string | readonly string[]): Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>>;
}
