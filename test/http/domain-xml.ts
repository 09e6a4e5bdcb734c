// Small domain XML for the tests.

/** XML of a VM of that name, with that UUID if one is given. */
export const domainXml = (name: string, uuid?: string): string =>
  `<domain type="kvm"><name>${name}</name>${uuid === undefined ? '' : `<uuid>${uuid}</uuid>`}` +
  '<memory unit="MiB">512</memory><vcpu>1</vcpu><os><type arch="x86_64">hvm</type></os></domain>';
