import Diagnostics
import Dist
import Foundation
import TestSupport
import Testing
import Training

/// Facts of machines and of Slurm, read from texts of other machines.
@Suite struct SystemFactsTests {
  @Test func linuxIsRead() throws {
    let files = [
      "/proc/cpuinfo": "processor\t: 0\nmodel\t\t: 85\nmodel name\t: A CPU: 8 cores\n"
        + "flags\t\t: sse2 fma avx2 avx512f avx512bw\n",
      "/proc/loadavg": "3.25 1.00 0.50 1/200 77\n",
      "/proc/meminfo":
        "MemTotal: 10 kB\nMemAvailable:    2048 kB\nCommitLimit: 3 kB\nCommitted_AS: 1 kB\n",
      "/proc/sys/vm/overcommit_memory": "2\n",
      "/proc/self/status": "Name:\tx\nVmSize:\t       3 kB\n",
      "/proc/self/cgroup": "0::/slurm/job_7/step_0\n",
      "/sys/fs/cgroup/slurm/job_7/memory.max": "4096\n",
      "/sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max\n",
      "/sys/fs/cgroup/slurm/job_7/memory.high": "8192\n",
      "/sys/fs/cgroup/slurm/job_7/pids.max": "100\n",
      "/sys/fs/cgroup/slurm/job_7/pids.current": "50\n",
      "/sys/fs/cgroup/slurm/job_7/step_0/pids.max": "40\n",
      "/sys/fs/cgroup/slurm/job_7/step_0/pids.current": "30\n",
      "/proc/self/limits":
        "Limit                     Soft Limit           Hard Limit           Units\n"
        + "Max open files            1024                 4096                 files\n"
        + "Max locked memory         unlimited            unlimited            bytes\n",
      "/sys/devices/system/cpu/online": "0-5,8\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
      "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver": "acpi-cpufreq\n",
      "/sys/devices/system/node/node0/cpulist": "0-3\n",
      "/sys/devices/system/node/node1/cpulist": "4-5,8\n",
      "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
      "/sys/class/infiniband/mlx5_0/name": "",
    ]
    try withTemporaryFolder { folder in try checkLinux(files, in: folder) }
  }

  private func checkLinux(_ files: [String: String], in folder: String) throws {
    for (path, text) in files {
      let file = folder + path
      try FileManager.default.createDirectory(
        atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try put(text.utf8, at: file)
    }
    let system = SystemFiles(root: folder, environment: [:])
    #expect(system.cpuModel == "A CPU: 8 cores")
    #expect(system.load == 3.25)
    #expect(system.memoryAvailable == 2_048 * 1_024)
    #expect(system.controlGroups.memory == .init(4_096, name: "memory.max of /slurm/job_7"))
    #expect(
      system.controlGroups.processes == .init(40, used: 30, name: "pids.max of /slurm/job_7/step_0")
    )
    #expect(system.status("VmSize") == 3_072 && system.status("VmData") == nil)
    #expect(system.commitRoom == 2_048)
    #expect(system.limit("Max open files") == 1_024)
    #expect(system.limit("Max locked memory") == nil)
    #expect(system.processors == 7)
    #expect(
      SystemFiles(root: folder, environment: ["SLURM_CPUS_ON_NODE": "4"]).processors == 4)
    #expect(system.governor == "powersave")
    #expect(system.memories == [[0, 1, 2, 3], [4, 5, 8]])
    #expect(system.largePages == "madvise")
    #expect(system.hasInfiniBand)
    // Its own driver chooses well under any governor.
    try "intel_pstate\n".write(
      toFile: folder + "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver",
      atomically: false, encoding: .utf8)
    #expect(system.governor == nil)
  }

  /// Version 1 has a tree for each controller; what this process does not see of it stands at the root.
  @Test func controlGroupsOfBothVersionsAreRead() throws {
    func limits(_ files: [String: String]) throws -> ControlGroups.Limit? {
      try withTemporaryFolder { folder in
        for (path, text) in files {
          let file = folder + path
          try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
          try put(text.utf8, at: file)
        }
        return SystemFiles(root: folder).controlGroups.memory
      }
    }
    let first = "7:cpu,cpuacct:/a\n5:memory:/docker/abc\n0::/\n"
    let memory = "/sys/fs/cgroup/memory"
    #expect(
      try limits(["/proc/self/cgroup": first, "\(memory)/memory.limit_in_bytes": "512\n"])
        == .init(512, name: "memory.limit_in_bytes of /"))
    #expect(
      try limits([
        "/proc/self/cgroup": first, "\(memory)/memory.limit_in_bytes": "9223372036854771712\n",
        "\(memory)/docker/memory.limit_in_bytes": "2048\n",
        "\(memory)/docker/abc/memory.limit_in_bytes": "4096\n",
      ]) == .init(2_048, name: "memory.limit_in_bytes of /docker"))
    #expect(
      try limits([
        "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.max": "4096\n",
        "/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/b/memory.high": "1024\n",
      ]) == .init(1_024, name: "memory.high of /a/b"))
    #expect(try limits(["/proc/self/cgroup": "0::/a\n"]) == nil)
  }

  @Test func aMachineThatSaysNothingIsTakenAsItIs() throws {
    try withTemporaryFolder { folder in
      let system = SystemFiles(root: folder, environment: [:])
      #expect(system.processors >= 1 && system.load == 0)
      #expect(system.controlGroups.memory == nil && system.commitRoom == nil)
      #expect(system.memories == [] && system.largePages == nil && !system.hasInfiniBand)
    }
  }

  @Test func slurmIsAskedOnceAJobIsThere() {
    let environment = ["SLURM_JOB_ID": "42", "SLURM_JOB_END_TIME": "1000"]
    let facts = SlurmFacts.ask(
      environment: environment, now: Date(timeIntervalSince1970: 700)
    ) { command in
      switch command.first.map({ [$0] + command.dropFirst().prefix(2) }) {
      case ["scontrol", "show", "job"]: "JobId=42 JobName=x Requeue=0 Restarts=0"
      case ["scontrol", "write", "batch_script"]:
        "#!/bin/bash\n#SBATCH --time=1 --signal=USR1@300\necho --signal=no\n"
      default: nil
      }
    }
    #expect(facts?.job == "42" && facts?.secondsLeft == 300)
    #expect(facts?.requeues == false && facts?.signal == "USR1@300")
    #expect(SlurmFacts.ask(environment: [:]) { _ in "" } == nil)
    let silent = SlurmFacts.ask(environment: ["SLURM_JOB_ID": "42"]) { _ in nil }
    #expect(silent?.secondsLeft == nil && silent?.requeues == nil && silent?.signal == nil)
    #expect(SlurmFacts.signal(inScript: "#SBATCH --signal B:TERM@60") == "B:TERM@60")
    #expect(SlurmFacts.signal(inScript: "# SBATCH --signal=USR1") == nil)
  }

  @Test func aJobThatWouldEndBadlyIsWarnedOf() {
    func verdicts(_ edit: (inout SlurmFacts) -> Void) -> [Verdict] {
      var facts = ClusterFacts()
      facts.run.microBatches = 2
      for node in 0..<2 {
        var rank = RankFacts()
        (rank.rank, rank.node) = (node, node)
        rank.launch = Launch(environment: ["OMPI_COMM_WORLD_SIZE": "2"])
        facts.ranks.append(rank)
      }
      var slurm = SlurmFacts()
      slurm.job = "42"
      (slurm.secondsLeft, slurm.requeues) = (7_200, true)
      edit(&slurm)
      facts.slurm = slurm
      return DoctorReport.verdicts(facts).filter { $0.subject == .slurm }
    }
    #expect(verdicts { $0.signal = "B:USR1@300" }.map(\.level) == [.ok])
    #expect(verdicts { _ in }.first?.finding.contains("ends in 2 h 00 min") == true)
    #expect(verdicts { $0.signal = "USR1@300" }.map(\.level) == [.problem])
    #expect(verdicts { $0.requeues = false }.map(\.level) == [.warning])
    #expect(verdicts { $0.secondsLeft = 60 }.map(\.level) == [.warning])
  }
}
