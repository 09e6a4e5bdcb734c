// Paths in the cluster store: what both implementations accept, and how any text becomes one segment of a path.

/** What ZooKeeper refuses in a path: control characters, surrogates (so all beyond the basic plane), private use, specials. */
// oxlint-disable-next-line no-control-regex -- they are what is refused
const refused = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

/** Throws TypeError unless the path starts with `/`, has no empty, `.` or `..` segment and only characters that ZooKeeper takes. */
export function assertPath(path: string): void {
  const segments = path.split('/');
  const [first, ...names] = segments;
  const wellFormed = first === '' && names.length > 0 && names.every((name) => name !== '' && name !== '.' && name !== '..');
  if (!wellFormed || refused.test(path)) throw new TypeError(`not a path of the cluster store: ${JSON.stringify(path)}`);
}

/** The path of the node above; that of a node at the top is ''. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The last segment of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Any well-formed, non-empty text as one segment of ASCII characters; decodeSegment turns it back. Throws on other texts. */
export function encodeSegment(text: string): string {
  if (text === '') throw new TypeError('an empty text cannot be a path segment');
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

/** The text that encodeSegment was given. */
export function decodeSegment(segment: string): string {
  return decodeURIComponent(segment);
}
