// What is wrong in itself is refused at once, by class and by place, and nothing is queued.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, form, json, type ApiUnderTest } from './api-under-test.js';
import { domainXml } from './domain-xml.js';
import { WEB1_UUID } from './sample-cluster.js';

const OTHER_UUID = '99999999-9999-4999-8999-999999999999';

let api: ApiUnderTest;
beforeAll(async () => void (api = await startTestApi()));
afterAll(() => api.close());

const submit = (...ops: unknown[]): [string, string, RequestInit] => ['POST', '/jobs', json({ ops })];
const xmlWith = (part: string): string => domainXml('large').replace('</domain>', `${part}</domain>`);
const disksOf = (count: number): string =>
  `<devices>${Array.from({ length: count }, (_, index) => `<disk><source file="/${index}"/><target dev="d${index}"/></disk>`).join('')}</devices>`;
const xmlBody = (xml: string): RequestInit => ({ body: xml, headers: { 'content-type': 'application/xml' } });
const text = (body: string, type = 'application/json'): RequestInit => ({ body, headers: { 'content-type': type } });
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };

it.each<[string, [string, string, RequestInit?], string, RegExp]>([
  ['an unknown opcode', submit(delay, { OP_ID: 'OP_NO_SUCH' }), '/ops/1/OP_ID', /no opcode "OP_NO_SUCH"/],
  ['an opcode without a name', submit({ vm: 'web1' }), '/ops/0/OP_ID', /is missing/],
  ['an opcode that is no object', submit('OP_VM_START'), '/ops/0', /must be an object/],
  ['an unknown parameter', submit({ OP_ID: 'OP_VM_START', vm: 'web1', force: true }), '/ops/0/force', /not a known value/],
  ['a missing parameter', submit({ OP_ID: 'OP_VM_START' }), '/ops/0/vm', /is missing/],
  ['a wrong type', submit({ OP_ID: 'OP_VM_START', vm: 7 }), '/ops/0/vm', /must be a text/],
  ['a negative duration', submit({ OP_ID: 'OP_TEST_DELAY', duration: -1 }), '/ops/0/duration', />= 0/],
  ['NUL in a name', submit({ OP_ID: 'OP_VM_START', vm: 'a\u0000b' }), '/ops/0/vm', /not well-formed/],
  ['half a surrogate pair in a name', submit({ OP_ID: 'OP_VM_START', vm: '\ud800' }), '/ops/0/vm', /not well-formed/],
  ['no opcodes', submit(), '/ops', /fewer than 1/],
  [
    'a __proto__ key',
    ['POST', '/jobs', text('{"ops":[{"OP_ID":"OP_VM_START","vm":"web1","__proto__":{"x":1}}]}')],
    '/ops/0/__proto__',
    /not a known/,
  ],
  ['a __proto__ value', ['POST', '/jobs', text('{"__proto__":{"ops":[]},"ops":[]}')], '/__proto__', /not a known/],
  ['broken XML', ['POST', '/api/v1/vm', xmlBody('<domain><name>a</domain>')], '/xml', /domain XML/],
  ['a document type', ['POST', '/api/v1/vm', xmlBody(`<!DOCTYPE d [<!ENTITY a "b">]>${domainXml('&a;')}`)], '/xml', /document type/],
  [
    'XML of too many bytes',
    ['POST', '/api/v1/vm', xmlBody(xmlWith(`<description>${'虚'.repeat(88_000)}</description>`))],
    '/xml',
    /256 KiB/,
  ],
  ['XML of too many devices', submit({ OP_ID: 'OP_VM_DEFINE', xml: xmlWith(disksOf(2000)) }), '/ops/0/xml', /more devices/],
  ['XML without a name', ['POST', '/api/v1/vm', form({ xml: '<domain/>' })], '/xml', /<name> is missing/],
  ['XML of another VM', ['PUT', `/api/v1/vm/${WEB1_UUID}`, xmlBody(domainXml('web1', OTHER_UUID))], '/xml', /UUID/],
  [
    'another UUID than the XML has',
    submit({ OP_ID: 'OP_VM_DEFINE', xml: domainXml('a', WEB1_UUID), uuid: OTHER_UUID }),
    '/ops/0/uuid',
    /UUID/,
  ],
  ['another name than the XML has', submit({ OP_ID: 'OP_VM_DEFINE', xml: domainXml('a'), name: 'b' }), '/ops/0/name', /name/],
  ['a UUID that is none', submit({ OP_ID: 'OP_VM_DEFINE', xml: domainXml('a'), uuid: 'A' }), '/ops/0/uuid', /not well-formed/],
  ['an unknown value', ['POST', '/api/v1/vm/web1/state?state=start&speed=9'], '/speed', /not a known value/],
  ['an unknown value with a dash', ['POST', '/api/v1/vm/web1/state?state=start&un-known=1'], '/un-known', /not a known value/],
  ['NUL in a path', ['DELETE', '/api/v1/vm/a%00b'], '/vm', /not well-formed/],
  [
    'a value of enormous depth',
    ['POST', '/api/v1/vm/web1/state', text(`{"state":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)],
    '/state',
    /not a list/,
  ],
  ['an unknown state', ['POST', '/api/v1/vm/web1/state?state=fly'], '/state', /one of start, shutdown, stop, restart, disable, not "fly"/],
  ['a missing value', ['POST', '/api/v1/vm/web1/state'], '/state', /is missing/],
  ['a value given twice differently', ['POST', '/api/v1/vm/web1/state?state=start', json({ state: 'stop' })], '/state', /twice/],
  ['no boolean', ['DELETE', '/api/v1/vm/web1?dry_run=perhaps'], '/dry_run', /true or false/],
  ['a boolean of a wrong type', ['POST', '/api/v1/vm/web1/state', json({ state: 'start', dry_run: 'true' })], '/dry_run', /true or false/],
  ['no number', ['DELETE', '/api/v1/vm/web1?priority=high'], '/priority', /must be a number/],
  ['a priority that is none', ['DELETE', '/api/v1/vm/web1?priority=3'], '/priority', /one of 10, 0, -10/],
  ['no JSON in a list value', ['DELETE', '/api/v1/vm/web1?depends=12'], '/depends', /must be a list/],
  [
    'a dependency of a wrong form',
    ['POST', '/jobs', json({ ops: [delay], depends: [[1, ['running']]] })],
    '/depends/0/1/0',
    /one of canceled/,
  ],
])('refuses %s', async (_what, [method, path, init], pointer, message) => {
  const { status, headers, body } = await api.call(method, path, init);
  expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json']);
  expect(body).toMatchObject({
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    code: 'wrong_input',
    message: expect.stringMatching(message),
  });
  expect(body.errors).toContainEqual({ pointer, message: expect.stringMatching(message) });
  expect(body.message).toContain(pointer.slice(1));
});

it('tells every fault at once', async () => {
  const { body } = await api.call(...submit({ OP_ID: 'OP_VM_START', speed: 1 }, { OP_ID: 'OP_TEST_DELAY', duration: 'long' }));
  expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
    '/ops/0/speed',
    '/ops/0/vm',
    '/ops/1/duration',
  ]);
});

it('tells only some of very many faults', async () => {
  const { status, body } = await api.call(...submit({ ...delay, log: Array(300_000).fill(1) }));
  expect(status).toBe(400);
  expect(body.errors.length).toBeLessThanOrEqual(50);
});

it.each<[string, RequestInit, number, RegExp]>([
  ['JSON that breaks off', text('{"ops": ['), 400, /the end can't stand at line 1, column 10 \(position 9\)/],
  ['JSON with a comma too many', text('{\n "ops": [],\n}'), 400, /"}" can't stand at line 3, column 1 \(position 14\)/],
  ['JSON that breaks off in a long text', text(`{"xml":"${'x'.repeat(2_000_000)}`), 400, /line 1, column 8 /],
  ['JSON that breaks off after a long text', text(`["${'x'.repeat(2_000_000)}"`), 400, /the end can't stand/],
  ['JSON that breaks off in great depth', text('['.repeat(2_000_000)), 400, /the end can't stand/],
  ['JSON that is no object', text('7'), 400, /must be a JSON object/],
  [
    'a text that is not UTF-8',
    { body: Buffer.from([0x7b, 0xff, 0x7d]), headers: { 'content-type': 'application/json' } },
    400,
    /not UTF-8/,
  ],
  ['a form that is not UTF-8', text('ops=%ff', 'application/x-www-form-urlencoded'), 400, /percent-encoded/],
  ['a type that is not taken', text('{}', 'text/plain'), 415, /text\/plain/],
  ['a character set that is not taken', text('{}', 'application/json; charset=latin1'), 415, /latin1/],
  [
    'an encoding that is not known',
    { ...text('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'rot13' } },
    415,
    /rot13/,
  ],
  ['XML where none is taken', xmlBody('<a/>'), 415, /no XML/],
  [
    'a body that is not compressed as it says',
    { ...text('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
    400,
    /can't be read/,
  ],
])('refuses %s', async (_what, init, expected, message) => {
  const { status, body } = await api.call('POST', '/jobs', init);
  expect(status).toBe(expected);
  expect(body).toMatchObject({ code: 'wrong_input', status: expected, message: expect.stringMatching(message) });
});

it('takes a character set parameter that says UTF-8', async () => {
  expect((await api.call('POST', '/jobs', text('{"ops":[]}', 'application/json; charset=UTF-8'))).body.errors[0].pointer).toBe('/ops');
});

it('answers 413 to a body of 5 MB, and the next request too', async () => {
  const large = JSON.stringify({ ops: [{ ...delay, log: ['x'.repeat(5_000_000)] }] });
  for (const body of [large, new Blob([large]).stream()]) {
    const init: RequestInit = { body, duplex: 'half', headers: { 'content-type': 'application/json' } };
    const answer = await api.call('POST', '/jobs', init);
    expect([answer.status, answer.body.code]).toEqual([413, 'wrong_input']);
  }
  expect((await api.call('GET', '/healthz')).status).toBe(200);
});

it.each(['', 'a b', 'x'.repeat(256)])('refuses the idempotency key %j', async (key) => {
  const { status, body } = await api.call('POST', '/jobs', {
    body: JSON.stringify([delay]),
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
  });
  expect([status, body.message]).toEqual([400, expect.stringContaining('Idempotency-Key')]);
});

it.each([
  ['POST', '/api/v1/nothing', 404, 'unknown_entity', null],
  ['GET', '/API/V1/vm', 404, 'unknown_entity', null],
  ['PUT', '/api/v1/node', 405, 'wrong_input', 'HEAD, GET'],
  ['PATCH', '/jobs', 405, 'wrong_input', 'HEAD, GET, POST'],
  ['GET', '/api/v1/vm/%ff', 400, 'wrong_input', null],
])('answers %s %s with %i', async (method, path, expected, code, allow) => {
  const { status, headers, body } = await api.call(method, path);
  expect([status, body.status, body.code, headers.get('allow')]).toEqual([expected, expected, code, allow]);
});

it('has queued nothing of all this', () => {
  expect(api.jobs.submissions).toEqual([]);
});
