/** The module of src/memory/atomics.wat in base64. */
export function assemble(): Promise<string>;
