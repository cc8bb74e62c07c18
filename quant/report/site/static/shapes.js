/* Shapes of one study for its viewer: surfaces of regions and spheres, and their cuts by a plane.
 *
 * Points are RAS mm, as NiiVue has them; data come in LPS mm: half a turn about the long axis of
 * the patient apart. A surface is { points, triangles }: coordinates, and corners by number.
 */
"use strict";
(function () {
  const EDGES = [];
  for (let a = 0; a < 8; a += 1) {
    for (const axis of [1, 2, 4]) if (!(a & axis)) EDGES.push([a, a | axis]);
  }

  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  async function unpacked(base64) {
    const stream = new Blob([bytesOf(base64)]).stream();
    const plain = stream.pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(plain).arrayBuffer());
  }

  function turned(point) {
    return [-point[0], -point[1], point[2]];
  }

  /** LPS mm of an index (k, j, i). */
  function placeOf(affine, k, j, i) {
    return [0, 1, 2].map((row) => {
      const [a, b, c, d] = affine[row];
      return a * k + b * j + c * i + d;
    });
  }

  /** A binary STL file in LPS mm. */
  function surfaceOfStl(base64) {
    const bytes = bytesOf(base64);
    const view = new DataView(bytes.buffer);
    const count = view.getUint32(80, true);
    const points = new Float32Array(count * 9);
    for (let n = 0; n < count; n += 1) {
      for (let corner = 0; corner < 3; corner += 1) {
        const from = 84 + n * 50 + 12 + corner * 12;
        const to = n * 9 + corner * 3;
        points[to] = -view.getFloat32(from, true);
        points[to + 1] = -view.getFloat32(from + 4, true);
        points[to + 2] = view.getFloat32(from + 8, true);
      }
    }
    return { points, triangles: Uint32Array.from({ length: count * 3 }, (_, n) => n) };
  }

  /** A ball: an octahedron, each of its faces split into four again and again. */
  function ball(centre, radius) {
    let faces = [];
    for (const x of [1, -1]) {
      for (const y of [1, -1]) {
        for (const z of [1, -1]) {
          const corners = [[x, 0, 0], [0, y, 0], [0, 0, z]];
          faces.push(x * y * z > 0 ? corners : corners.reverse());
        }
      }
    }
    const between = (a, b) => {
      const sum = a.map((one, n) => one + b[n]);
      const length = Math.hypot(...sum);
      return sum.map((one) => one / length);
    };
    for (let step = 0; step < 4; step += 1) {
      faces = faces.flatMap(([a, b, c]) => {
        const [ab, bc, ca] = [between(a, b), between(b, c), between(c, a)];
        return [[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]];
      });
    }
    const middle = turned(centre);
    const points = faces.flat().flatMap((point) => point.map((one, n) => middle[n] + radius * one));
    return {
      points: Float32Array.from(points),
      triangles: Uint32Array.from({ length: faces.length * 3 }, (_, n) => n),
    };
  }

  /** The surface where the weights (0 to 255) of a region pass through half: a surface net. */
  function surfaceOfWeights(weights, [nk, nj, ni], corner, affine) {
    const half = 127.5;
    const at = (k, j, i) =>
      k < 0 || j < 0 || i < 0 || k >= nk || j >= nj || i >= ni ? 0 : weights[(k * nj + j) * ni + i];
    const [mj, mi] = [nj + 1, ni + 1];
    const numbers = new Int32Array((nk + 1) * mj * mi).fill(-1);
    const cell = (k, j, i) => ((k + 1) * mj + (j + 1)) * mi + (i + 1);
    const points = [];
    const triangles = [];
    const values = new Float64Array(8);
    for (let k = -1; k < nk; k += 1) {
      for (let j = -1; j < nj; j += 1) {
        for (let i = -1; i < ni; i += 1) {
          let inside = 0;
          for (let c = 0; c < 8; c += 1) {
            values[c] = at(k + (c >> 2), j + ((c >> 1) & 1), i + (c & 1));
            inside += values[c] > half;
          }
          if (inside === 0 || inside === 8) continue;
          let [count, sk, sj, si] = [0, 0, 0, 0];
          for (const [a, b] of EDGES) {
            if (values[a] > half === values[b] > half) continue;
            const part = (half - values[a]) / (values[b] - values[a]);
            sk += (a >> 2) + part * ((b >> 2) - (a >> 2));
            sj += ((a >> 1) & 1) + part * (((b >> 1) & 1) - ((a >> 1) & 1));
            si += (a & 1) + part * ((b & 1) - (a & 1));
            count += 1;
          }
          numbers[cell(k, j, i)] = points.length / 3;
          points.push(...turned(placeOf(affine, corner[0] + k + sk / count,
            corner[1] + j + sj / count, corner[2] + i + si / count)));
        }
      }
    }
    const quad = (a, b, c, d, flip) => {
      triangles.push(...(flip ? [a, c, b, a, d, c] : [a, b, c, a, c, d]));
    };
    const number = (k, j, i) => numbers[cell(k, j, i)];
    for (let k = -1; k < nk; k += 1) {
      for (let j = -1; j < nj; j += 1) {
        for (let i = -1; i < ni; i += 1) {
          const here = at(k, j, i) > half;
          if (here !== at(k + 1, j, i) > half) {
            quad(number(k, j - 1, i - 1), number(k, j, i - 1), number(k, j, i),
              number(k, j - 1, i), here);
          }
          if (here !== at(k, j + 1, i) > half) {
            quad(number(k - 1, j, i - 1), number(k, j, i - 1), number(k, j, i),
              number(k - 1, j, i), !here);
          }
          if (here !== at(k, j, i + 1) > half) {
            quad(number(k - 1, j - 1, i), number(k, j - 1, i), number(k, j, i),
              number(k - 1, j, i), here);
          }
        }
      }
    }
    return { points: Float32Array.from(points), triangles: Uint32Array.from(triangles) };
  }

  /** Where a plane, normal . p = distance, cuts a surface: pairs of points, one after another. */
  function cut({ points, triangles }, normal, distance) {
    const heights = new Float32Array(points.length / 3);
    for (let n = 0; n < heights.length; n += 1) {
      heights[n] = normal[0] * points[3 * n] + normal[1] * points[3 * n + 1]
        + normal[2] * points[3 * n + 2] - distance;
    }
    const ends = [];
    for (let t = 0; t < triangles.length; t += 3) {
      for (let side = 0; side < 3; side += 1) {
        const a = triangles[t + side];
        const b = triangles[t + ((side + 1) % 3)];
        if (heights[a] > 0 === heights[b] > 0) continue;
        const part = heights[a] / (heights[a] - heights[b]);
        ends.push([0, 1, 2].map((c) =>
          points[3 * a + c] + part * (points[3 * b + c] - points[3 * a + c])));
      }
    }
    return ends;
  }

  /** Index (k, j, i) of a place in LPS mm. */
  function indexOf(affine, place) {
    const [a, b, c] = [0, 1, 2].map((row) => affine[row]);
    const d = place.map((one, row) => one - affine[row][3]);
    const minor = (p, q, r) => p[0] * (q[1] * r[2] - q[2] * r[1])
      - p[1] * (q[0] * r[2] - q[2] * r[0]) + p[2] * (q[0] * r[1] - q[1] * r[0]);
    const whole = minor(a, b, c);
    const replaced = (column) => [a, b, c].map((row, n) => {
      const copy = row.slice(0, 3);
      copy[column] = d[n];
      return copy;
    });
    return [0, 1, 2].map((column) => minor(...replaced(column)) / whole);
  }

  window.quantShapes = {
    ball, bytesOf, cut, indexOf, surfaceOfStl, surfaceOfWeights, turned, unpacked,
  };
})();
