// Where JSON text breaks. JSON.parse says that it does, and where only sometimes; its message can quote the text, which may hold secrets.

const TOKEN =
  // oxlint-disable-next-line no-control-regex -- JSON forbids them in texts
  /[ \t\n\r]*(?:(?<text>"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)|(?<mark>[[\]{},:]))/y;
const WHITE_SPACE = /[ \t\n\r]*/y;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end';

/** The state after a token, given what was expected and the brackets that are open; undefined when the token can't stand there. */
function after(expected: Expected, token: string, isText: boolean, open: string[]): Expected | undefined {
  const innermost = open.at(-1);
  switch (expected) {
    case ':':
      return token === ':' ? 'value' : undefined;
    case 'key':
    case 'key or }':
      if (isText) return ':';
      break;
    case ', or end':
      if (token === ',' && innermost !== undefined) return innermost === '{' ? 'key' : 'value';
      break;
    case 'value':
    case 'value or ]':
      if (token === '[' || token === '{') {
        open.push(token);
        return token === '[' ? 'value or ]' : 'key or }';
      }
      if (isText || !'[]{},:'.includes(token)) return ', or end';
  }
  const closes = (token === ']' && innermost === '[' && expected !== 'value') || (token === '}' && innermost === '{' && expected !== 'key');
  if (!closes) return undefined;
  open.pop();
  return ', or end';
}

/** The index of the first character that can't stand where it does; the text's length when it ends too early. */
export function jsonFaultIndex(json: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let index = 0;
  for (;;) {
    TOKEN.lastIndex = index;
    const match = TOKEN.exec(json);
    const next: Expected | undefined =
      match === null ? undefined : after(expected, match[0].trimStart(), match.groups?.['text'] !== undefined, open);
    if (match === null || next === undefined) {
      WHITE_SPACE.lastIndex = index;
      return index + (WHITE_SPACE.exec(json)?.[0].length ?? 0);
    }
    expected = next;
    index = TOKEN.lastIndex;
  }
}
