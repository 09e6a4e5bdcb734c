// The schema keyword `domainXml`: a text that is libvirt XML which this project can work with. Its own error text reaches the client.
import type { KeywordDefinition } from 'ajv/dist/2020.js';
import type { SchemaValidateFunction } from 'ajv/dist/types/index.js';
import { parseDomainXml, type DomainDescription } from '../domain-xml/domain-description.js';
import { ClassifiedError } from '../errors/classified-error.js';

let latest: { xml: string; description: DomainDescription } | undefined;

/**
 * What the XML describes; throws as parseDomainXml does. One submission asks for the same XML several times in a row (its schema, the
 * route's, and the opcode's completion), so the latest description is kept.
 */
export function describeDomain(xml: string): DomainDescription {
  if (latest?.xml !== xml) latest = { xml, description: parseDomainXml(xml) };
  return latest.description;
}

/**
 * A VM is one node of the cluster store, which takes less than 1 MB: the XML, whose quotation marks are written as two characters there, what
 * it describes, and in the same change an entry for each disk.
 */
const MAX_XML_KIB = 256;
const MAX_DESCRIPTION_BYTES = 100_000;
/** What `<uuid>` adds to an XML that has none yet. */
const UUID_BYTES = 64;

/** What about the XML is too large to be kept. */
function excessOf(xml: string): string | undefined {
  if (Buffer.byteLength(xml) > MAX_XML_KIB * 1024) return `is larger than ${MAX_XML_KIB} KiB`;
  const description = describeDomain(xml);
  const added = description.uuid === undefined ? UUID_BYTES : 0;
  if (Buffer.byteLength(xml) + added > MAX_XML_KIB * 1024) return `is larger than ${MAX_XML_KIB} KiB with the UUID that it gets`;
  if (Buffer.byteLength(JSON.stringify(description)) > MAX_DESCRIPTION_BYTES) return 'describes more devices than can be kept of a VM';
  return undefined;
}

const validate: SchemaValidateFunction = (_wanted: boolean, xml: string) => {
  let fault: string | undefined;
  try {
    fault = excessOf(xml);
  } catch (error) {
    if (!(error instanceof ClassifiedError)) throw error;
    fault = error.message;
  }
  if (fault !== undefined) validate.errors = [{ keyword: 'domainXml', message: fault, params: {} }];
  return fault === undefined;
};

export const domainXmlKeyword: KeywordDefinition = {
  keyword: 'domainXml',
  type: 'string',
  schemaType: 'boolean',
  errors: true,
  validate,
};
