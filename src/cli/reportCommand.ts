import { Command } from 'commander';
import { renderCompareHtml } from '../report/html/compareHtml.js';
import type { RaceJson } from '../report/raceJson.js';
import type { CliDependencies } from './dependencies.js';
import { ExitStatus, UsageError } from './errors.js';
import { readCompareJson, readRaceJson } from './inputFile.js';
import { prepareHtml, saveFile } from './outputFile.js';

const EXAMPLES = `
Examples:
  ungil report reports/compare.json --html compare.html
  ungil report compare.json --race race.json --html compare.html

Exit status: 0 written, 1 not written, 2 bad usage or input.`;

interface RawOptions {
  html?: string;
  race?: string;
}

/** `ungil report`. `exit` receives the exit status. */
export function reportCommand(deps: CliDependencies, exit: (status: ExitStatus) => void): Command {
  return new Command('report')
    .description('make the page of a comparison from its compare.json, without running anything')
    .argument('<compare.json>', 'what ungil compare --json wrote')
    .requiredOption('--html <file>', 'where to write the page')
    .option('--race <file>', 'show the outcomes of a race.json in it')
    .addHelpText('after', EXAMPLES)
    .action((file: string, raw: RawOptions) => {
      prepareHtml(raw.html, file);
      const compared = readCompareJson(file);
      const race = parseRaceOption(raw);
      let html: string;
      try {
        html = renderCompareHtml(compared, { workloads: deps.workloads, race });
      } catch (error) {
        const why = error instanceof Error ? error.message : error;
        throw new UsageError(
          `cannot use '${file}': it cannot be shown (${why}); accepted: what ungil compare --json wrote`,
        );
      }
      exit(saveFile(raw.html!, html, deps.stderr) ? ExitStatus.Done : ExitStatus.CheckFailed);
    });
}

/** The race.json of `--race`, which only a page can show. Throws UsageError. */
export function parseRaceOption({ race, html }: RawOptions): RaceJson | null {
  if (race === undefined) return null;
  if (html === undefined)
    throw new UsageError("--race is for the page; accepted: with --html, a file's path");
  return readRaceJson(race);
}
