/** How many parts a text takes (GSM 03.38, or UCS-2 when a character is not in it). */

const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

export interface Segments {
  encoding: "GSM-7" | "UCS-2";
  units: number;
  parts: number;
}

export function count(body: string): Segments {
  let septets = 0;
  for (const character of body) {
    if (BASIC.includes(character)) septets += 1;
    else if (EXTENDED.includes(character)) septets += 2;
    else return sized("UCS-2", body.length, 70, 67);
  }
  return sized("GSM-7", septets, 160, 153);
}

function sized(encoding: Segments["encoding"], units: number, single: number, part: number): Segments {
  return { encoding, units, parts: units <= single ? 1 : Math.ceil(units / part) };
}
