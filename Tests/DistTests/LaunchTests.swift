import Dist
import Foundation
import TestSupport
import Testing

@Suite struct LaunchTests {
  private let srun = [
    "SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_PROCID": "3",
  ]

  @Test func whoeverStartedAProcessIsKnownByItsVariables() {
    let shell = Launch(environment: ["HOME": "/root"])
    #expect(shell.launcher == nil && shell.processes == 1 && shell.index == 0)
    let slurm = Launch(environment: srun)
    #expect(slurm.launcher == .srun && slurm.processes == 4 && slurm.index == 3)
    let mpirun = ["OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_RANK": "5"]
    let ranks = Launch(environment: mpirun)
    #expect(ranks.launcher == .mpirun && ranks.processes == 8 && ranks.index == 5)
    // mpirun inside a job starts its ranks from daemons, which are a step of one task a node.
    let both = Launch(environment: srun.merging(mpirun) { $1 })
    #expect(both.launcher == .mpirun && both.processes == 8)
    let hydra = Launch(environment: ["PMI_SIZE": "2", "PMI_RANK": "1"])
    #expect(hydra.launcher == .mpiexec && hydra.processes == 2 && hydra.index == 1)
  }

  @Test func aBatchScriptIsOneProcessWhateverItsJobHas() {
    let script = ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"]
    #expect(Launch(environment: script).processes == 1)
    #expect(Launch(environment: script).separation(worldSize: 1) == nil)
  }

  @Test func processesThatDoNotSeeEachOtherAreToldWhatToDo() throws {
    let launch = Launch(environment: srun)
    #expect(launch.separation(worldSize: 4) == nil)
    let alone = try #require(launch.separation(worldSize: 1))
    #expect(alone.contains("srun started 4 processes, but MPI sees each of them alone"))
    #expect(alone.contains("srun --mpi=pmix"))
    #expect(launch.separation(worldSize: 2)?.contains("only 2 of them together") == true)
    let mpirun = Launch(environment: ["OMPI_COMM_WORLD_SIZE": "2"])
    #expect(mpirun.separation(worldSize: 1)?.contains("Open MPI") == true)
    #expect(Launch(environment: [:]).separation(worldSize: 1) == nil)
  }

  @Test func oneProcessInAShellOfSrunsRunsAlone() throws {
    let environment = [
      "SLURM_NODELIST": "here", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1",
      "SLURM_PROCID": "0",
    ]
    let launch = Launch(environment: environment)
    #expect(launch.separation(worldSize: 1) == nil)
    let program = try Products.executable("RankScenarios")
    let outcome = try Command([program, "collectives"], environment: environment).run()
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  /// Open MPI's own words would be thirty lines a process.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["SLURM_STEP_ID"] == nil))
  func srunWithoutPMIIsRefusedByTheFirstProcessAlone() throws {
    let program = try Products.executable("RankScenarios")
    for index in 0..<2 {
      let environment = [
        "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "\(index)",
      ]
      let outcome = try Command([program, "collectives"], environment: environment).run()
      #expect(outcome.status == 2 && outcome.output.isEmpty)
      #expect(outcome.errors.contains("srun started 2 processes without PMI") == (index == 0))
      #expect(outcome.errors.contains("`mpirun -n 1 gpt1-dist …`") == (index == 0))
      #expect(outcome.errors.split(separator: "\n").count == 1 - index)
    }
  }

  @Test(arguments: 0...9) func everyPairOfNeighboursIsMeasuredOnce(count: Int) {
    let rounds = Ping.rounds(count)
    let pairs = rounds.flatMap { $0 }
    #expect(pairs.count == (count < 2 ? 0 : count == 2 ? 1 : count))
    #expect(Set(pairs.map { [$0.0, $0.1] }).count == pairs.count)
    for (first, second) in pairs { #expect(second == (first + 1) % count) }
    for round in rounds {
      let busy = round.flatMap { [$0.0, $0.1] }
      #expect(Set(busy).count == busy.count && !busy.isEmpty)
    }
    #expect(rounds.count <= 3)
  }
}
