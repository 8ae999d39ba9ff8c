// @ts-check
// Texts in a PDF: Latin letters in Helvetica, which every reader of PDF has; any other text is an
// image of it, with an invisible text of the same characters above, so that it is found and copied.
// (ISO 32000-1, 9.6.2.2 on standard fonts, 9.6.5 on Type 3 fonts, D.2 on WinAnsiEncoding.)

/** Widths of the characters from the blank to the tilde in 1/1000 of the size, by Adobe's metrics. */
const WIDTHS = {
  Helvetica: [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
  ],
  "Helvetica-Bold": [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
  ],
};

/** Characters of WinAnsiEncoding from 0x80 to 0x9f; a blank where there is none. */
const EXTRA = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
const WIDE = new Map([["…", 1000], ["—", 1000], ["™", 1000], ["Œ", 1000], ["œ", 944], ["‰", 1000], ["•", 350]]);
const AVERAGE = 556;

/** @typedef {keyof typeof WIDTHS} Font */

/** @param {number} weight */
export const fontOf = (weight) => /** @type {Font} */ (weight >= 550 ? "Helvetica-Bold" : "Helvetica");

/**
 * Return a text in WinAnsiEncoding, or null where it has other characters.
 *
 * @param {string} text
 * @returns {number[] | null}
 */
export function encode(text) {
  const codes = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if ((code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff)) return code;
    const extra = character === " " ? -1 : EXTRA.indexOf(character);
    return extra < 0 ? -1 : 0x80 + extra;
  });
  return codes.includes(-1) ? null : codes;
}

/**
 * Return the width of a text that `encode` takes, for a size of 1. That of an accented letter is its
 * base letter's.
 *
 * @param {string} text
 * @param {Font} font
 */
export function widthOf(text, font) {
  let width = 0;
  for (const character of text) {
    const code = (character.normalize("NFD").codePointAt(0) ?? 0) - 0x20;
    width += WIDTHS[font][code] ?? WIDE.get(character) ?? AVERAGE;
  }
  return width / 1000;
}

/**
 * Write a string of a PDF: bytes as hexadecimal digits.
 *
 * @param {number[]} codes
 */
export const hex = (codes) => `<${codes.map((code) => code.toString(16).padStart(2, "0")).join("")}>`;

/** The characters of texts that are drawn as images, in fonts of 256 whose glyphs are empty. */
export class InvisibleFonts {
  /** @type {string[]} */
  #characters = [];

  /** Number of fonts that are needed so far. */
  get count() {
    return Math.ceil(this.#characters.length / 256);
  }

  /**
   * Return what shows a text, one string for each change of font.
   *
   * @param {string} text
   * @returns {{ font: number, codes: number[] }[]}
   */
  encode(text) {
    /** @type {{ font: number, codes: number[] }[]} */
    const runs = [];
    for (const character of text) {
      let index = this.#characters.indexOf(character);
      if (index < 0) index = this.#characters.push(character) - 1;
      const font = Math.floor(index / 256);
      if (runs.at(-1)?.font !== font) runs.push({ font, codes: [] });
      runs.at(-1)?.codes.push(index % 256);
    }
    return runs;
  }

  /**
   * Return the CMap that leads a font's codes back to the characters.
   *
   * @param {number} font
   */
  toUnicode(font) {
    const characters = this.#characters.slice(256 * font, 256 * (font + 1));
    const lines = characters.map((character, code) => {
      const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
      return `${hex([code])} <${units.map((unit) => unit.toString(16).padStart(4, "0")).join("")}>`;
    });
    const groups = []; // of 100 lines at most, by the format
    for (let i = 0; i < lines.length; i += 100) groups.push(lines.slice(i, i + 100));
    return [
      "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def /CMapName /F def",
      "1 begincodespacerange <00> <ff> endcodespacerange",
      ...groups.map((group) => `${group.length} beginbfchar\n${group.join("\n")}\nendbfchar`),
      "endcmap CMapName currentdict /CMap defineresource pop end end",
    ].join("\n");
  }
}
