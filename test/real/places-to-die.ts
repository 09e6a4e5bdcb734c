// Where a worker can die in an opcode: in its check, right before or right after a step, and while it creates a domain, between defining
// and starting it, or when it has started it and nobody knows yet; and when it has made a volume or removed a pool and
// nobody knows yet.
export type Place = 'check' | `before${1 | 2}` | `after${1 | 2}` | 'defined' | 'started' | 'made' | 'removed';
