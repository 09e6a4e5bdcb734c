// One element of a parsed XML document, and the few ways in which libvirt's XML is read: by child name, attribute and text.

export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  /** Text (entities resolved, CDATA as it stands) and elements in document order; comments and instructions are gone. */
  children: readonly (XmlElement | string)[];
}

/** The child elements, in order; only those of that name when one is given. */
export function elements(parent: XmlElement | undefined, name?: string): XmlElement[] {
  const all = (parent?.children ?? []).filter((child) => typeof child !== 'string');
  return name === undefined ? all : all.filter((child) => child.name === name);
}

/** The first child element of that name: like libvirt, later ones are not looked at. */
export function element(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return elements(parent, name)[0];
}

/** An attribute's value, or null when it or the element is missing. */
export function attribute(of: XmlElement | undefined, name: string): string | null {
  return of?.attributes.get(name) ?? null;
}

/** All text inside an element, that of inner elements too (XPath's string value), or null when there is no element. */
export function text(of: XmlElement | undefined): string | null {
  if (of === undefined) return null;
  return of.children.map((child) => (typeof child === 'string' ? child : text(child))).join('');
}
