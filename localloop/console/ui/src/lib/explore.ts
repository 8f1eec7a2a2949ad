/** From the catalogue to a request: which fields a form has, and what is sent. Pure. */

import type { Form } from "./api";
import type { Catalogue, Operation, Param, Product, Resource } from "./types";

export interface Choice {
  product: Product;
  resource: Resource;
  operation: Operation;
}

export const shortId = (operation: Operation): string => operation.id.split(".").at(-1) ?? operation.id;
export const shortKey = (product: Product, resource: Resource): string =>
  resource.key.startsWith(`${product.name}.`) ? resource.key.slice(product.name.length + 1) : resource.key;

/** What an address names; without an operation the one that shows most: the list, else whatever reads. */
export function choose(catalogue: Catalogue, [product, resource, operation]: string[]): Partial<Choice> {
  const inProduct = catalogue.products.find((one) => one.name === product);
  const found = inProduct?.resources.find((one) => shortKey(inProduct, one) === resource);
  if (!inProduct) return {};
  if (!found) return { product: inProduct };
  const chosen = found.operations.find((one) => shortId(one) === operation) ?? first(found);
  return chosen ? { product: inProduct, resource: found, operation: chosen } : { product: inProduct, resource: found };
}

function first(resource: Resource): Operation | undefined {
  return (
    resource.operations.find((one) => shortId(one).startsWith("List")) ??
    resource.operations.find((one) => one.method === "GET") ??
    resource.operations[0]
  );
}

export type Values = Record<string, string>;

const isTrivial = (name: string): boolean => name === "Page" || name === "PageToken";

export function fields(operation: Operation): { required: Param[]; optional: Param[] } {
  const shown = operation.params.filter((param) => !isTrivial(param.name) && !(operation.body === "json" && param.in === "form"));
  return { required: shown.filter((param) => param.required), optional: shown.filter((param) => !param.required) };
}

export const complete = (operation: Operation, values: Values): boolean =>
  operation.params.every((param) => !param.required || param.in === "form" || (values[param.name] ?? "") !== "");

const lines = (value: string): string[] =>
  value
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

export interface Wanted {
  method: string;
  path: string;
  form: Form;
  headers: Record<string, string>;
  json: string | null;
}

export function request(operation: Operation, values: Values, json: string): Wanted {
  const wanted: Wanted = { method: operation.method, path: operation.path, form: {}, headers: {}, json: operation.body === "json" ? json : null };
  const query = new URLSearchParams();
  for (const param of operation.params) {
    const value = values[param.name] ?? "";
    if (param.in === "path") wanted.path = wanted.path.replace(`{${param.name}}`, value ? encodeURIComponent(value) : `{${param.name}}`);
    else if (value === "") continue;
    else if (param.in === "header") wanted.headers[param.name] = value;
    else if (param.in === "query") for (const one of param.type === "array" ? lines(value) : [value]) query.append(param.name, one);
    else if (operation.body !== "json") put(wanted.form, param, value);
  }
  if (query.size) wanted.path += `?${query}`;
  return wanted;
}

function put(form: Form, param: Param, value: string): void {
  if (param.prefix) {
    for (const line of lines(value)) {
      const [name = "", ...rest] = line.split("=");
      form[`${param.prefix}.${name.trim()}`] = rest.join("=").trim();
    }
  } else form[param.name] = param.type === "array" ? lines(value) : value;
}

/** A body to begin with: the parameters that are wanted, empty. */
export function skeleton(operation: Operation): string {
  const empty: Record<string, unknown> = { string: "", integer: 0, number: 0, boolean: false, array: [], object: {} };
  const wanted = operation.params.filter((param) => param.in === "form");
  return JSON.stringify(Object.fromEntries(wanted.map((param) => [param.name, empty[param.type] ?? ""])), null, 2);
}

export interface Listed {
  records: Record<string, unknown>[];
  columns: string[];
  next: string | null;
}

const COLUMNS = ["sid", "phone_number", "unique_name", "friendly_name", "identity", "to", "status", "date_created"];

/** The rows of a list's answer; null when it is no list. */
export function listed(answer: unknown): Listed | null {
  if (typeof answer !== "object" || answer === null) return null;
  const all = answer as Record<string, unknown>;
  const rows = Object.values(all).find((value) => Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null));
  const meta = all["meta"] as { next_page_url?: string | null } | undefined;
  if (!Array.isArray(rows) || (!meta && !("page_size" in all))) return null;
  const records = rows as Record<string, unknown>[];
  const has = (name: string): boolean => records.some((record) => typeof record[name] === "string" && record[name] !== "");
  const known = COLUMNS.filter(has);
  const columns = known.length > 1 ? known : Object.keys(records[0] ?? {}).slice(0, 5);
  return { records, columns: columns.slice(0, 5), next: meta?.next_page_url ?? (all["next_page_uri"] as string | null) ?? null };
}

const snake = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/gu, "_").toLowerCase();

/** The operation that fetches one of the records of a list, and the parameter that names it. */
export function fetcher(resource: Resource): { operation: Operation; param: string } | null {
  const operation = resource.operations.find((one) => one.method === "GET" && shortId(one).startsWith("Fetch"));
  const param = operation?.path.match(/\{(\w+)\}(?:\.json)?$/u)?.[1];
  return operation && param ? { operation, param } : null;
}

export function idOf(record: Record<string, unknown>, param: string): string {
  for (const name of [snake(param), "sid", "unique_name", "phone_number", "id"]) if (typeof record[name] === "string") return record[name];
  return "";
}

export function matches(product: Product, resource: Resource, asked: string): boolean {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${product.title} ${product.name} ${resource.name} ${resource.path} ${resource.operations.map(shortId).join(" ")}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
