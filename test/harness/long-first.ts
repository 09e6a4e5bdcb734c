// The order of the test files. Those on real servers and guests keep the processors busy and take long: they begin early, and between them
// come others, which mostly wait.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isReal = ({ moduleId }: TestSpecification): boolean => /\/test\/(real|drivers)\//.test(moduleId);
/** So many others come after each of them, and the rest at the end. */
const OTHERS = 2;

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const others = sorted.filter((file) => !isReal(file));
    const mixed = sorted.filter(isReal).flatMap((file) => [file, ...others.splice(0, OTHERS)]);
    return [...mixed, ...others];
  }
}
