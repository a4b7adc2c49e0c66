// The weights as NumPy's .npz: a zip of arrays, each by its layer's name, as Keras has it.

/** All weights by their names and shapes in Keras: what `export_page` did, undone. */
function kerasWeights(network, c5) {
  const arrays = {};
  for (const name of LAYERS) {
    const { size, table, kernels, coefficients, biases, codes } = network[name];
    const maps = table?.length ?? biases?.length;
    const places = size * size;
    const inputs = table?.[0].length;
    if (codes) arrays[`${name}/codes`] = { shape: [84, maps], values: turned(codes, maps, 84, 1) };
    if (kernels && table.some((sources) => sources.length !== inputs)) {
      // Table I: a kernel for each pair of maps, the pairs last.
      const pairs = kernels.length / places;
      arrays[`${name}/kernel`] = { shape: [size, size, pairs], values: turned(kernels, pairs, 1, places) };
    } else if (kernels) {
      const isDense = size === 1 || (name === "c5" && c5 === "dense");
      const shape = isDense ? [places * inputs, maps] : [size, size, inputs, maps];
      arrays[`${name}/kernel`] = { shape, values: turned(kernels, maps, inputs, places) };
    }
    if (coefficients) arrays[`${name}/coefficient`] = { shape: [maps], values: coefficients };
    if (biases) arrays[`${name}/bias`] = { shape: [maps], values: biases };
  }
  return arrays;
}

/** Weights in the order (maps, inputs, places) in that of (places, inputs, maps). */
function turned(weights, maps, inputs, places) {
  return weights.map((_, i) => {
    const [map, input, place] = [i % maps, Math.floor(i / maps) % inputs, Math.floor(i / (maps * inputs))];
    return weights[(map * inputs + input) * places + place];
  });
}

/** An array as NumPy's .npy: its header, padded to 64 bytes, and its little-endian floats. */
function toNpy({ shape, values }) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
  const bytes = new Uint8Array(10 + padded.length + 4 * values.length);
  bytes.set([0x93, ...asBytes("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8, ...asBytes(padded)]);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(10 + padded.length + 4 * i, value, true));
  return bytes;
}

function asBytes(text) {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** A zip file of arrays, stored as they are. */
function toNpz(arrays) {
  const [files, directory] = [[], []];
  let offset = 0;
  for (const [key, array] of Object.entries(arrays)) {
    const [name, bytes] = [asBytes(`${key}.npy`), toNpy(array)];
    const [sum, size] = [little(checksum(bytes), 4), little(bytes.length, 4)];
    // Version 2.0, no flags, stored, the first day that zip knows.
    const common = [...little(20, 2), 0, 0, 0, 0, 0, 0, 0x21, 0, ...sum, ...size, ...size, ...little(name.length, 2), 0, 0];
    const header = [...asBytes("PK\x03\x04"), ...common, ...name];
    directory.push([...asBytes("PK\x01\x02"), ...little(20, 2), ...common, ...Array(10).fill(0), ...little(offset, 4), ...name]);
    files.push(Uint8Array.from(header), bytes);
    offset += header.length + bytes.length;
  }
  const entries = Uint8Array.from(directory.flat());
  const number = little(directory.length, 2);
  const end = [...asBytes("PK\x05\x06"), 0, 0, 0, 0, ...number, ...number, ...little(entries.length, 4), ...little(offset, 4), 0, 0];
  return [...files, entries, Uint8Array.from(end)];
}

function little(number, bytes) {
  return Array.from({ length: bytes }, (_, i) => (number >>> (8 * i)) & 255);
}

/** CRC-32, as zip asks for. */
function checksum(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ -1) >>> 0;
}
