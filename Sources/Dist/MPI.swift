import CMPI
import Files
import Foundation

/// The beginning and the end of a rank.
public enum MPI {
  /// Starts MPI, gives `body` the communicator of all ranks, finalizes; returns the exit status of
  /// the process.
  ///
  /// Collective: all ranks, once in the life of a process. Without mpirun there is one rank. Here
  /// is the one catch of the program:
  /// - An `AgreedFailure`, which all ranks threw together: rank 0 prints it, all finalize, its
  ///   status is returned. With one rank every error is one.
  /// - Any other error leaves the other ranks inside a collective: this rank prints itself, its
  ///   host and the reason, and ends the job with `MPI_Abort`. `MPI_Finalize` would wait for the
  ///   others forever.
  ///
  /// Processes of srun's that could not find each other are refused with status 2.
  ///
  /// `StopSignals` are made before: `mpirun` may hand on a signal early.
  ///
  /// - Parameters:
  ///   - status: the exit status that an error stands for.
  ///   - body: what this rank does; returns its exit status.
  public static func run(
    status: @escaping (any Error) -> Int32 = { _ in 1 }, _ body: (Communicator) throws -> Int32
  ) -> Int32 {
    let launch = Launch(environment: ProcessInfo.processInfo.environment)
    if let obstacle = launch.obstacle {
      if launch.index == 0 { report(obstacle) }
      return 2
    }
    if let obstacle = StartLimits.obstacle(isAlone: launch.launcher == nil) {
      report(obstacle)
      return 1
    }
    Affinity.yieldWhenOversubscribed()
    OpenMPISettings.apply()
    do {
      var provided: Int32 = 0
      try OpenMPISettings.hidingSlurm(of: launch) { () throws(MPIError) in
        try check("MPI_Init_thread") {
          unsafe MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &provided)
        }
      }
    } catch {
      report("\(error)")
      return status(error)
    }
    let communicator: Communicator
    do { communicator = try Communicator(status: status) } catch {
      return abort(error, status(error))
    }

    var result: Int32
    do {
      result = try body(communicator)
    } catch let failure as AgreedFailure {
      if communicator.isRoot { report(failure.description) }
      result = failure.status
    } catch  where communicator.size == 1 {
      report("\(error)")
      result = status(error)
    } catch {
      let place = "rank \(communicator.rank) of \(communicator.size) on \(communicator.host)"
      return abort("\(place): \(error)", status(error))
    }
    do {
      try check("MPI_Finalize") { MPI_Finalize() }
    } catch {
      return abort(error, status(error))
    }
    return result
  }

  /// Prints `reason`, then ends all ranks; does not return where MPI works.
  private static func abort(_ reason: Any, _ status: Int32) -> Int32 {
    report("\(reason)")
    unsafe MPI_Abort(cmpi_comm_world(), status)
    return status
  }

  /// One line on standard error, in one write so that the lines of several ranks do not mix.
  private static func report(_ message: String) {
    StandardError.write("gpt1-dist: \(message)\n")
  }
}
