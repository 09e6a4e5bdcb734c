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

const validate: SchemaValidateFunction = (_wanted: boolean, xml: string) => {
  try {
    describeDomain(xml);
    return true;
  } catch (error) {
    if (!(error instanceof ClassifiedError)) throw error;
    validate.errors = [{ keyword: 'domainXml', message: error.message, params: {} }];
    return false;
  }
};

export const domainXmlKeyword: KeywordDefinition = {
  keyword: 'domainXml',
  type: 'string',
  schemaType: 'boolean',
  errors: true,
  validate,
};
