import { describe, expect, test } from "vitest";
import { Paged } from "../src/lib/paged";

const sid = (age: number): string => `SM${String(1_000_000 - age).padStart(10, "0")}`;
const rows = (from: number, count: number): { sid: string }[] => Array.from({ length: count }, (_, at) => ({ sid: sid(from + at) }));
const shown = (list: Paged<{ sid: string }>, first = 0, count = list.length): (string | undefined)[] => list.view(first, count).rows.map((row) => row?.sid);

function filled(pages = 2): Paged<{ sid: string }> {
  const list = new Paged<{ sid: string }>();
  list.reset(rows(0, 100), sid(99));
  for (let page = 1; page < pages; page++) list.fill(sid(page * 100 - 1), rows(page * 100, 100), sid(page * 100 + 99));
  return list;
}

describe("paging", () => {
  test("asks for the next page at its end", () => expect(filled().view(190, 20)).toMatchObject({ missing: [sid(199)] }));
  test("asks for nothing in the middle", () => expect(filled().view(50, 30).missing).toEqual([]));
  test("is in order across pages", () => expect(shown(filled(), 98, 4)).toEqual([98, 99, 100, 101].map(sid)));
});

describe("live rows", () => {
  test("come first when they are newest", () => {
    const list = filled();
    expect(list.take({ sid: sid(-1) }, true)).toBe("added");
    expect(shown(list, 0, 2)).toEqual([sid(-1), sid(0)]);
  });
  test("find their place by age, whatever their prefix", () => {
    const list = new Paged<{ sid: string }>();
    list.reset([{ sid: "SM5" }, { sid: "SM3" }], null);
    list.take({ sid: "MM4" }, true);
    expect(shown(list)).toEqual(["SM5", "MM4", "SM3"]);
  });
  test("change in place", () => {
    const list = new Paged<{ sid: string; status: string }>();
    list.reset([{ sid: "SM1", status: "queued" }], null);
    expect(list.take({ sid: "SM1", status: "sent" }, true)).toBe("changed");
    expect(list.view(0, 1).rows[0]?.status).toBe("sent");
  });
  test("leave when they no longer belong", () => {
    const list = filled();
    expect(list.take({ sid: sid(5) }, false)).toBe("removed");
    expect(list.length).toBe(199);
  });
  test("older than what is loaded wait for their page", () => {
    const list = filled();
    expect(list.take({ sid: sid(500) }, true)).toBe("none");
  });
});

describe("memory", () => {
  test("a flood keeps 5,000 rows, and the place of the others", () => {
    const list = filled(1);
    for (let at = 1; at <= 20_000; at++) {
      list.take({ sid: sid(-at) }, true);
      if (at % 50 === 0) list.trim(0);
    }
    expect(list.kept).toBeLessThanOrEqual(5000);
    expect(list.length).toBe(20_100);
    expect(shown(list, 0, 2)).toEqual([sid(-20_000), sid(-19_999)]);
  });
  test("what was let go is asked for by the same key, and comes back", () => {
    const list = filled(80);
    list.trim(7900);
    const view = list.view(150, 10);
    expect(view.rows.every((row) => row === undefined)).toBe(true);
    expect(view.missing).toEqual([sid(99)]);
    list.fill(sid(99), rows(100, 100), sid(199));
    expect(shown(list, 150, 1)).toEqual([sid(150)]);
    expect(list.length).toBe(8000);
  });
});

describe("a page that is fetched again", () => {
  const far = (list: Paged<{ sid: string }>): void => list.trim(list.length);

  test("ends where the next begins, though rows of it left meanwhile", () => {
    const list = filled(80);
    for (const at of [120, 130]) list.take({ sid: sid(at) }, false);
    far(list);
    expect(list.view(105, 1).missing).toEqual([sid(99)]);
    list.fill(sid(99), rows(100, 102).filter((row) => ![sid(120), sid(130)].includes(row.sid)), sid(201));
    list.fill(sid(199), rows(200, 100), sid(299));
    const drawn = shown(list, 100, 198);
    expect(new Set(drawn).size).toBe(198);
    expect(drawn.slice(97, 99)).toEqual([sid(199), sid(200)]);
  });

  test("leaves no gap where it had more rows than are fetched at once", () => {
    const list = filled(80);
    for (const at of ["a", "b", "c"]) list.take({ sid: `${sid(150)}${at}` }, true);
    far(list);
    const all = [...rows(100, 50), ...["c", "b", "a"].map((at) => ({ sid: `${sid(150)}${at}` })), ...rows(150, 50)];
    list.fill(sid(99), all.slice(0, 100), all[99]?.sid ?? null);
    const key = all[99]?.sid ?? "";
    expect(list.view(199, 2).missing).toContain(key);
    list.fill(key, [...all.slice(100), ...rows(200, 97)], sid(296));
    list.fill(sid(199), rows(200, 100), sid(299));
    expect(shown(list, 100, 203)).toEqual([...all, ...rows(200, 100)].map((row) => row.sid));
  });
});
