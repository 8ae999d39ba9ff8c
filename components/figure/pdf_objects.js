// @ts-check
// The objects of a PDF file, and where each begins (ISO 32000-1, 7.5).

const ENCODER = new TextEncoder();

/** Collects the objects of a file. */
export class Objects {
  /** @type {(Uint8Array | null)[]} Of each object the bytes; null until they are known. */
  #bodies = [];

  /**
   * Add an object; return its number.
   *
   * @param {string} [body]
   */
  add(body) {
    return this.#bodies.push(body === undefined ? null : ENCODER.encode(body));
  }

  /**
   * @param {number} id
   * @param {string} body
   */
  set(id, body) {
    this.#bodies[id - 1] = ENCODER.encode(body);
  }

  /**
   * Add a stream of bytes, which are compressed; return its number.
   *
   * @param {string} dictionary entries
   * @param {string | Uint8Array} content
   */
  async addStream(dictionary, content) {
    const packed = await deflate(typeof content === "string" ? ENCODER.encode(content) : content);
    const head = `<< ${dictionary} /Filter /FlateDecode /Length ${packed.length} >>\nstream\n`;
    return this.#bodies.push(concatenate([ENCODER.encode(head), packed, ENCODER.encode("\nendstream")]));
  }

  /**
   * Return the file.
   *
   * @param {number} root number of the catalog
   * @param {number} info number of what describes the file
   */
  finish(root, info) {
    const chunks = [ENCODER.encode("%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n")];
    let at = chunks[0].length;
    const offsets = this.#bodies.map((body, i) => {
      const chunk = concatenate([
        ENCODER.encode(`${i + 1} 0 obj\n`), body ?? ENCODER.encode("null"), ENCODER.encode("\nendobj\n"),
      ]);
      chunks.push(chunk);
      at += chunk.length;
      return at - chunk.length;
    });
    const size = offsets.length + 1;
    const lines = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
    chunks.push(ENCODER.encode(
      `xref\n0 ${size}\n0000000000 65535 f \n${lines}trailer\n<< /Size ${size} /Root ${root} 0 R /Info ${info} 0 R >>\n`
        + `startxref\n${at}\n%%EOF\n`,
    ));
    return concatenate(chunks);
  }
}

/** @param {Uint8Array} bytes */
async function deflate(bytes) {
  const packed = new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** @param {Uint8Array[]} parts */
function concatenate(parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
