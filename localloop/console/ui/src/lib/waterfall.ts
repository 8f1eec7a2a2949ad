/** Where the time of a delivery went: stages one after the other, from points in milliseconds since its start. */

export interface Stage {
  name: string;
  from: number;
  to: number;
}

const POINTS: [string, string][] = [
  ["resolved", "Name looked up"],
  ["connected", "Connected"],
  ["secured", "TLS agreed"],
  ["first_byte", "Waited for the answer"],
  ["done", "Read the answer"],
];

export function stages(timings: Record<string, number | boolean | null | undefined>): Stage[] {
  const found: Stage[] = [];
  let from = 0;
  for (const [key, name] of POINTS) {
    const to = timings[key];
    if (typeof to !== "number" || to < from) continue;
    found.push({ name, from, to });
    from = to;
  }
  return found;
}

export interface Bar {
  name: string;
  ms: number;
  /** In percent of the whole. */
  left: number;
  width: number;
}

export function bars(found: Stage[]): Bar[] {
  const whole = Math.max(0.001, ...found.map((stage) => stage.to));
  return found.map(({ name, from, to }) => {
    const width = Math.max(0.8, ((to - from) / whole) * 100);
    return { name, ms: to - from, left: Math.min((from / whole) * 100, 100 - width), width };
  });
}
