// XML text to a tree of elements, through fast-xml-parser with its entities off: references are resolved here, once, and
// only the predefined ones.
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { ClassifiedError } from '../errors/classified-error.js';
import type { XmlElement } from './xml-element.js';
import { checkMarkup, wrongXml } from './xml-markup.js';
import { resolveReferences } from './xml-references.js';

// Domain XML is about ten levels deep; what follows a parsed tree may recurse, so the depth must be bounded here.
const MAX_DEPTH = 100;
const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: CDATA,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
  jPath: false,
});

/** A node as the parser gives it: one key, the tag's name, with its content, and the attributes beside it; or TEXT with a text. */
interface ParsedNode {
  [key: string]: string | ParsedNode[] | Record<string, string>;
}

function contentOf(node: ParsedNode, key: string): ParsedNode[] {
  const content = node[key];
  return Array.isArray(content) ? content : [];
}

function rawTextOf(node: ParsedNode): string {
  const text = node[TEXT];
  return typeof text === 'string' ? text : '';
}

function attributesOf(node: ParsedNode, tag: string): Map<string, string> {
  const raw = node[ATTRIBUTES];
  if (raw === undefined || typeof raw === 'string' || Array.isArray(raw)) return new Map();
  return new Map(
    Object.entries(raw).map(([name, value]) => {
      if (value.includes('<')) throw wrongXml(`not well-formed: "<" in attribute ${name} of <${tag}>`);
      return [name, resolveReferences(value.replace(/[\t\n\r]/g, ' '))];
    }),
  );
}

function childOf(node: ParsedNode): XmlElement | string {
  if (TEXT in node) return resolveReferences(rawTextOf(node));
  if (CDATA in node) return contentOf(node, CDATA).map(rawTextOf).join('');
  return elementOf(node);
}

function elementOf(node: ParsedNode): XmlElement {
  const name = Object.keys(node).find((key) => key !== ATTRIBUTES) ?? '';
  const children = contentOf(node, name).map(childOf);
  return { name, attributes: attributesOf(node, name), children };
}

function parse(xml: string): ParsedNode[] {
  const verdict = XMLValidator.validate(xml);
  if (verdict !== true) throw wrongXml(`line ${verdict.err.line}: not well-formed: ${verdict.err.msg.slice(0, 200)}`);
  try {
    const nodes: ParsedNode[] = parser.parse(xml);
    return nodes;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw wrongXml(`not readable: ${message.slice(0, 200)}`, cause);
  }
}

/**
 * The root element of an XML document.
 * Throws wrong_input: not well-formed, a declaration, more than 1 MiB or 100 levels, not exactly one root.
 */
export function readXml(xml: string): XmlElement {
  checkMarkup(xml);
  // A byte order mark stands before the document, not in it.
  const nodes = parse(xml.startsWith('\uFEFF') ? xml.slice(1) : xml);
  const roots = nodes.filter((node) => !(TEXT in node) && !(CDATA in node));
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw wrongXml(`not well-formed: ${roots.length} root elements`);
  try {
    return elementOf(root);
  } catch (error) {
    if (error instanceof ClassifiedError) throw error;
    throw wrongXml('not readable', error);
  }
}
