/** Ids that the reader met in the explorer, by the parameter that would name them: the next form has them already. */

const known: Record<string, string> = {};

export const remembered = {
  of: (name: string): string => known[name] ?? "",
  keep(name: string, value: string): void {
    known[name] = value;
  },
};
