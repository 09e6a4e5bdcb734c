// libvirt's numbers: the class of each error, the name of each state.
import { describe, expect, test } from 'vitest';
import { stateOf } from '../../workers/drivers/libvirt/domain-state.js';
import { errorClassOf, migrationErrorClassOf } from '../../workers/drivers/libvirt/error-number.js';

describe('errorClassOf', () => {
  test.each([
    [1, 10, 'environment_error'],
    [1, 20, 'wrong_input'],
    [1, 5, 'wrong_input'],
    [2, 10, 'insufficient_resources'],
    [8, 6, 'wrong_input'],
    [9, 10, 'environment_error'],
    [27, 20, 'wrong_input'],
    [28, 10, 'already_exists'],
    [35, 20, 'wrong_input'],
    [38, 7, 'environment_error'],
    [39, 7, 'environment_error'],
    [42, 10, 'unknown_entity'],
    [43, 19, 'environment_error'],
    [55, 10, 'wrong_state'],
    [67, 10, 'wrong_input'],
    [4711, 10, 'environment_error'],
  ])('error %i of part %i is %s', (code, domain, expected) => {
    expect(errorClassOf(code, domain)).toBe(expected);
  });
});

describe('migrationErrorClassOf', () => {
  test.each([
    [1, 7, 'environment_error'],
    [1, 10, 'environment_error'],
    [3, 10, 'wrong_state'],
    [8, 20, 'environment_error'],
    [9, 10, 'environment_error'],
    [9, 20, 'already_exists'],
    [28, 10, 'already_exists'],
    [38, 7, 'environment_error'],
    [55, 10, 'wrong_state'],
    [55, 20, 'already_exists'],
    [67, 10, 'wrong_state'],
    [68, 10, 'environment_error'],
    [78, 10, 'environment_error'],
    [81, 10, 'wrong_state'],
    [84, 10, 'wrong_state'],
  ])('error %i of part %i is %s', (code, domain, expected) => {
    expect(migrationErrorClassOf(code, domain)).toBe(expected);
  });
});

describe('stateOf', () => {
  test.each([0, 1, 2, 4])('state %i is running', (state) => {
    expect(stateOf(state, 1)).toEqual({ state: 'running' });
  });
  test.each([3, 7])('state %i is paused', (state) => {
    expect(stateOf(state, 1)).toEqual({ state: 'paused' });
  });
  test('a crashed guest crashed', () => {
    expect(stateOf(6, 1)).toEqual({ state: 'crashed', endReason: 'crashed' });
  });
  test.each([
    [0, 'unknown'],
    [1, 'shutdown'],
    [2, 'destroyed'],
    [3, 'crashed'],
    [4, 'migrated'],
    [5, 'unknown'],
    [6, 'failed'],
    [7, 'unknown'],
    [8, 'failed'],
  ])('shut off for reason %i: %s', (reason, endReason) => {
    expect(stateOf(5, reason)).toEqual({ state: 'shutoff', endReason });
  });
});
