// The error of every call to a store that was closed.

export class StoreClosed extends Error {
  constructor() {
    super('the cluster store is closed');
    this.name = 'StoreClosed';
  }
}
