import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A run knows when its job ends, without a Slurm that sends a signal.
  @Suite(.serialized) struct TimeLimitTests {
    @Test func aRunStopsWithACheckpointBeforeItsJobEnds() throws {
      try Sandbox.with { sandbox in
        let program = try Products.executable("gpt1-dist")
        // Ten seconds beyond the margin: more steps than anybody makes in them.
        let end = Int(Date().timeIntervalSince1970) + 25
        var command = Command.mpirun(
          2, [program] + words("\(Sandbox.pretrain) --out run --steps 1000000"),
          scratch: sandbox.folder, environment: ["SLURM_JOB_END_TIME": "\(end)"])
        command.folder = sandbox.folder
        let stopped = try command.run()
        #expect(stopped.status == 75, "\(stopped.errors)")
        let steps = try sandbox.losses(of: "run").count
        #expect(
          stopped.errors.contains("stopped before the job's time limit after step \(steps):"))
        #expect(try sandbox.checkpoints(of: "run").last == steps)
      }
    }
  }
}
