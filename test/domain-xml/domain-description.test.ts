// What is read from domain XML, and what is refused.
import { describe, expect, test } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { type DomainDescription, parseDomainXml } from '../../src/domain-xml/domain-description.js';

const UUID = 'b22f1a9c-3d4e-4f50-8a6b-7c8d9e0f1a2b';

const FULL = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a web server -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>web1</name>
  <uuid>${UUID}</uuid>
  <title>Web</title>
  <description>Front &amp; back</description>
  <memory unit='MiB'>1024</memory>
  <vcpu placement="static">2</vcpu>
  <cpu><topology sockets='1' cores='2' threads='1'/></cpu>
  <os><type arch='x86_64' machine='pc-i440fx-2.7'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/><pae/></features>
  <devices>
    <emulator>/usr/bin/kvm</emulator>
    <controller type='scsi' index='0' model='virtio-scsi'/>
    <controller type='usb'/>
    <disk type='network' device='disk'>
      <source protocol='rbd' name='vms/web1_sda'><host name='mon1' port='6789'/></source>
      <target dev='sda' bus='scsi'/>
    </disk>
    <disk type='file'><source file='/iso/debian.iso'/><target dev='sdb' bus='sata'/></disk>
    <disk type='block'><source dev='/dev/vg/lv'/><target dev='sdc'/></disk>
    <disk type='volume'><source pool='p' volume='v'/><target dev='sdd'/></disk>
    <disk type='file' device='cdrom'><target dev='sde' bus='sata'/></disk>
    <interface type='bridge'>
      <mac address='52:54:00:AB:cd:1'/><source bridge='vmbr100'/><model type='virtio'/>
    </interface>
    <interface type='direct'><source dev='eth0' mode='bridge'/></interface>
    <console type='pty'/>
    <console type='tcp'/>
  </devices>
  <qemu:commandline><qemu:arg value='-S'/></qemu:commandline>
</domain>
`;

const PLAIN = { device: 'disk', readonly: false, shareable: false, backing: [] };
const CDROM = { ...PLAIN, device: 'cdrom', readonly: true };

function xmlOf(parts: Partial<Record<'root' | 'name' | 'uuid' | 'memory' | 'vcpu' | 'os' | 'more', string>> = {}): string {
  const {
    root = "domain type='kvm'",
    name = '<name>vm</name>',
    uuid = '',
    memory = '<memory>65536</memory>',
    vcpu = '',
    os = '<os><type>hvm</type></os>',
    more = '',
  } = parts;
  return `<${root}>${name}${uuid}${memory}${vcpu}${os}${more}</${root.split(' ')[0]}>`;
}

/** The text with which the XML is refused as wrong input; any other end is none. */
function refusal(xml: string): string {
  try {
    parseDomainXml(xml);
  } catch (error) {
    if (error instanceof ClassifiedError && error.errorClass === 'wrong_input') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('what is read', () => {
  test('all of a full description', () => {
    expect(parseDomainXml(FULL)).toEqual({
      type: 'kvm',
      name: 'web1',
      uuid: UUID,
      title: 'Web',
      description: 'Front & back',
      memoryMib: 1024,
      vcpus: 2,
      vcpuTopology: '1/2/1',
      osType: 'hvm',
      arch: 'x86_64',
      machine: 'pc-i440fx-2.7',
      consoleType: 'pty',
      emulator: '/usr/bin/kvm',
      features: ['acpi', 'apic', 'pae'],
      networks: [
        { type: 'bridge', mac: '52:54:00:ab:cd:01', source: 'vmbr100', model: 'virtio' },
        { type: 'direct', mac: null, source: 'eth0', model: null },
      ],
      disks: [
        { type: 'rbd', name: 'vms/web1_sda', dev: 'sda', bus: 'scsi', ...PLAIN },
        { type: 'file', name: '/iso/debian.iso', dev: 'sdb', bus: 'sata', ...PLAIN },
        { type: 'block', name: '/dev/vg/lv', dev: 'sdc', bus: null, ...PLAIN },
        { type: 'volume', name: 'p/v', dev: 'sdd', bus: null, ...PLAIN },
        { type: 'file', name: null, dev: 'sde', bus: 'sata', ...CDROM },
      ],
      controllers: [
        { type: 'scsi', model: 'virtio-scsi' },
        { type: 'usb', model: null },
      ],
      acpi: true,
    } satisfies DomainDescription);
  });

  test.each([
    ['<source protocol="rbd" name="vms/golden@v1"/>', { name: 'vms/golden@v1' }],
    ['<source protocol="rbd" name="vms/golden"><host name="m"/><snapshot name="v1"/></source>', { name: 'vms/golden@v1' }],
    ['<source protocol="rbd" name="vms/a"/><readonly/>', { name: 'vms/a', readonly: true }],
    ['<source protocol="rbd" name="vms/a"/><shareable/>', { name: 'vms/a', shareable: true }],
    ['<source protocol="rbd" name="vms/a"/><backingStore/>', { name: 'vms/a' }],
    [
      `<source protocol="rbd" name="vms/a"/>
       <backingStore type="network"><format type="raw"/><source protocol="rbd" name="images/middle"/>
         <backingStore type="file"><format type="raw"/><source file="/bottom"/><backingStore/></backingStore></backingStore>`,
      {
        name: 'vms/a',
        backing: [
          { type: 'rbd', name: 'images/middle' },
          { type: 'file', name: '/bottom' },
        ],
      },
    ],
  ])('a disk of %s', (inside, disk) => {
    const more = `<devices><disk type="network">${inside}<target dev="vda"/></disk></devices>`;
    expect(parseDomainXml(xmlOf({ more })).disks).toEqual([{ type: 'rbd', dev: 'vda', bus: null, ...PLAIN, ...disk }]);
  });

  test('of a bare one, null and nothing', () => {
    expect(parseDomainXml(xmlOf())).toEqual({
      type: 'kvm',
      name: 'vm',
      title: null,
      description: '',
      memoryMib: 64,
      vcpus: 1,
      vcpuTopology: null,
      osType: 'hvm',
      arch: null,
      machine: null,
      consoleType: null,
      emulator: null,
      features: [],
      networks: [],
      disks: [],
      controllers: [],
      acpi: false,
    });
  });

  test.each([
    ['é', 'é'],
    ['虚拟机', '虚拟机'],
    ['שרת', 'שרת'],
    ['&#233;&#x1F600;', 'é😀'],
    ['a&amp;b&lt;c&gt;&quot;&apos;', 'a&b<c>"\''],
    ['<![CDATA[a<b&amp;]]>', 'a<b&amp;'],
    ['a<!-- not this -->b', 'ab'],
    ['a<?not this?>b', 'ab'],
    ['two words', 'two words'],
    ['&amp;#233;', '&#233;'],
  ])('the name %s', (written, name) => {
    expect(parseDomainXml(xmlOf({ name: `<name>${written}</name>` })).name).toBe(name);
  });

  test.each([
    [UUID, UUID],
    [UUID.toUpperCase(), UUID],
    [UUID.replaceAll('-', ''), UUID],
    [`\n ${UUID} \n`, UUID],
  ])('the UUID %s', (written, uuid) => {
    expect(parseDomainXml(xmlOf({ uuid: `<uuid>${written}</uuid>` })).uuid).toBe(uuid);
  });

  test.each([
    ['<memory>1024</memory>', 1],
    ['<memory>1025</memory>', 2],
    ["<memory unit='b'>1</memory>", 1],
    ["<memory unit='bytes'>1048577</memory>", 2],
    ["<memory unit='KB'>1049</memory>", 2],
    ["<memory unit='k'>2048</memory>", 2],
    ["<memory unit='KiB'> 2048\n</memory>", 2],
    ["<memory unit='MB'>100</memory>", 96],
    ["<memory unit='M'>100</memory>", 100],
    ["<memory unit='MiB'>100</memory>", 100],
    ["<memory unit='GB'>1</memory>", 954],
    ["<memory unit='G'>1</memory>", 1024],
    ["<memory unit='GiB'>1</memory>", 1024],
    ["<memory unit='TB'>1</memory>", 953_675],
    ["<memory unit='T'>1</memory>", 1_048_576],
    ["<memory unit='TiB'>1</memory>", 1_048_576],
  ])('%s in MiB', (memory, memoryMib) => {
    expect(parseDomainXml(xmlOf({ memory })).memoryMib).toBe(memoryMib);
  });

  test('a byte order mark before it', () => {
    expect(parseDomainXml(`\uFEFF${FULL}`).name).toBe('web1');
  });

  test('elements that are called as JavaScript properties are', () => {
    expect(parseDomainXml(xmlOf({ more: '<toString a="1"/><metadata><x hasOwnProperty="1"/></metadata>' })).name).toBe('vm');
  });
});

describe('what is refused', () => {
  test.each([
    ['text', 'domain', 'line 1'],
    ['nothing', '', 'not well-formed'],
    ['an element that is not closed', '<domain>\n<name>x</domain>', 'line 2'],
    ['two roots', `${xmlOf()}${xmlOf()}`, 'not well-formed'],
    ['two empty roots', '<domain/><domain/>', 'not well-formed'],
    ['an open comment', `${xmlOf()}\n<!-- `, 'line 2'],
    ['an open instruction', `<?xml\n${xmlOf()}`, 'line 1'],
    ['a bare ampersand', xmlOf({ name: '<name>a & b</name>' }), 'not well-formed'],
    ['a bare ampersand in an attribute', xmlOf({ root: "domain type='a & b'" }), 'not well-formed'],
    ['"<" in an attribute', xmlOf({ root: "domain type='<'" }), 'not well-formed'],
    ['an attribute twice', xmlOf({ root: "domain type='a' type='b'" }), 'not well-formed'],
    ['an unknown entity', xmlOf({ name: '<name>&nbsp;</name>' }), '&nbsp;'],
    ['a NUL', xmlOf({ name: '<name>a\0b</name>' }), 'U+0000'],
    ['half of a character', xmlOf({ name: '<name>a\uD800b</name>' }), 'U+D800'],
    ['the number of a NUL', xmlOf({ name: '<name>a&#0;b</name>' }), '&#0;'],
    ['a number beyond Unicode', xmlOf({ name: '<name>&#x110000;</name>' }), '&#x110000;'],
    ['another root', '<network><name>n</name></network>', '<network>'],
    ['a root in a namespace', xmlOf({ root: "d:domain xmlns:d='u'" }), '<d:domain>'],
    ['a reserved element', xmlOf({ more: '<__proto__/>' }), 'not readable'],
  ])('%s', (_, xml, saying) => {
    expect(refusal(xml)).toContain(saying);
  });

  test.each([
    ['a document type', `<!DOCTYPE domain>\n${xmlOf()}`],
    ['a bomb', `<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${xmlOf({ name: '<name>&b;</name>' })}`],
    ['an external entity', `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xmlOf({ name: '<name>&x;</name>' })}`],
    ['an external document type', `<!DOCTYPE d SYSTEM "http://localhost/d.dtd">${xmlOf()}`],
    ['one within', xmlOf({ more: '<!ENTITY a "b">' })],
  ])('%s', (_, xml) => {
    expect(refusal(xml)).toContain('are refused');
  });

  test('but not the word in a comment or in text', () => {
    expect(parseDomainXml(xmlOf({ more: '<!-- <!DOCTYPE x> --><description><![CDATA[<!ENTITY]]></description>' })).description).toBe(
      '<!ENTITY',
    );
  });

  test.each([
    ['<name/>', 'is empty'],
    ['', '<name> is missing'],
    ['<name>a&#9;b</name>', 'control character'],
    ['<name>a\nb</name>', 'control character'],
    ['<name>a&#x85;b</name>', 'control character'],
    ['<name>a&#x2028;b</name>', 'line break'],
    ['<name>a/b</name>', '"/"'],
    ['<name> a</name>', 'white space'],
    ['<name>a&#xA0;</name>', 'white space'],
    ['<name>.</name>', 'is "."'],
    ['<name>..</name>', 'is ".."'],
    [`<name>${'é'.repeat(101)}</name>`, 'longer than 200 bytes'],
    [`<name>${UUID}</name>`, 'looks like a UUID'],
    [`<name>${UUID.replaceAll('-', '')}</name>`, 'looks like a UUID'],
  ])('%s', (name, saying) => {
    expect(refusal(xmlOf({ name }))).toContain(saying);
  });

  test('but not a name of 200 bytes', () => {
    expect(parseDomainXml(xmlOf({ name: `<name>${'é'.repeat(100)}</name>` })).name).toHaveLength(100);
  });

  test.each(['', '123', `${UUID}0`, UUID.slice(1), UUID.replace('b', 'g'), `{${UUID}}`])('the UUID "%s"', (uuid) => {
    expect(refusal(xmlOf({ uuid: `<uuid>${uuid}</uuid>` }))).toContain('not a UUID');
  });

  test.each([
    ['', 'is missing'],
    ['<memory/>', 'whole number'],
    ['<memory>0</memory>', 'is 0'],
    ['<memory>-1</memory>', 'whole number'],
    ['<memory>1.5</memory>', 'whole number'],
    ['<memory>1e3</memory>', 'whole number'],
    ["<memory unit='parsec'>1</memory>", 'unit "parsec"'],
    ["<memory unit='Kb '>1</memory>", 'unit'],
    ["<memory unit='GiB'>99999999999</memory>", 'too large'],
  ])('%s', (memory, saying) => {
    expect(refusal(xmlOf({ memory }))).toContain(saying);
  });

  test.each(['0', '-1', '1.5', 'two', '', '65536', '99999999999999999999'])('%s vcpus', (count) => {
    expect(refusal(xmlOf({ vcpu: `<vcpu>${count}</vcpu>` }))).toContain('<vcpu>');
  });

  test.each(['', '<os/>', '<os><type/></os>'])('the operating system "%s"', (os) => {
    expect(refusal(xmlOf({ os }))).toContain('<os><type>');
  });

  test.each(['52:54:00:00:00', '52:54:00:00:00:zz', '525400000000', '52:54:00:00:00:000', '', '53:54:00:00:00:00'])(
    'the MAC address "%s"',
    (mac) => {
      const more = `<devices><interface type='bridge'><mac address='${mac}'/></interface></devices>`;
      expect(refusal(xmlOf({ more }))).toContain('MAC address');
    },
  );

  test('two disks with one target', () => {
    const disk = "<disk type='file'><target dev='vda'/></disk>";
    expect(refusal(xmlOf({ more: `<devices>${disk}${disk}</devices>` }))).toContain('"vda"');
  });
});
