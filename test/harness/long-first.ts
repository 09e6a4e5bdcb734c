// The order of the test files: those on real servers and guests first, which mostly wait, so that none of them is left for the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isReal = ({ moduleId }: TestSpecification): boolean => /\/test\/(real|drivers)\//.test(moduleId);

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isReal), ...sorted.filter((file) => !isReal(file))];
  }
}
