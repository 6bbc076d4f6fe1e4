import Foundation
import TestSupport
import Testing

extension SmallRuns {
  /// Sources of a run's settings.
  @Suite(.serialized) struct ConfigurationTests {
    private struct Plan: Decodable {
      struct Config: Decodable {
        let steps: Int
        let batch: Int
        let width: Int
        let seed: Int
      }
      let config: Config
      let parameters: Int
      let ranks: Int
    }

    @Test func aDryRunOfThePapersModelCountsItsParametersAndTakesNothing() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        let text = try sandbox.succeed("pretrain --dry-run").output
        #expect(text.contains("parameters        116,534,784"))
        let plan = try sandbox.json(Plan.self, "pretrain --preset gpt1 --dry-run")
        #expect(plan.parameters == 116_534_784)
        #expect(plan.config.batch == 64)
        #expect(try sandbox.names(in: ".") == [])
      }
    }

    @Test func flagsPrecedeTheFileAndTheFileThePreset() throws {
      try withTemporaryFolder { folder in
        let sandbox = Sandbox(folder: folder)
        try sandbox.write("vocabulary: 99\nsteps: 7\nbatch: 12\n", to: "run.yaml")
        let plan = try sandbox.json(
          Plan.self, "pretrain --preset debug --config run.yaml --batch 6 --dry-run")
        #expect(plan.config.steps == 7)
        #expect(plan.config.batch == 6)
        #expect(plan.config.width == 64)
        #expect(plan.ranks == 1)
      }
    }

    @Test func theConfigurationOfARunStartsTheSameRun() throws {
      try Sandbox.with { sandbox in
        try sandbox.succeed("\(Sandbox.pretrain) --out run --steps 12 --seed 77 --dropout 0.3")
        try sandbox.succeed("pretrain --config run/config.yaml --out again")
        let losses = try sandbox.losses(of: "run")
        #expect(losses.count == 12)
        #expect(try sandbox.losses(of: "again") == losses)
        let again = try sandbox.succeed("pretrain --config run/config.yaml")
        #expect(again.errors.contains("run is finished: 12 of 12 steps"))
      }
    }
  }
}
