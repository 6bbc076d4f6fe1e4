import Console
import Foundation
import Testing
import Training

@Suite struct DeadlineTests {
  /// A clock that nobody waits for.
  private struct Moment: InstantProtocol {
    var seconds: Double

    static func < (one: Moment, other: Moment) -> Bool { one.seconds < other.seconds }

    func advanced(by duration: Duration) -> Moment {
      Moment(seconds: seconds + duration / .seconds(1))
    }

    func duration(to other: Moment) -> Duration { .seconds(other.seconds - seconds) }
  }

  private struct Run {
    var end: Double
    var guess = 0.0
    var step = 4.0
    var checkpoint = 10.0
    /// A checkpoint is made after every so many steps.
    var every = 5

    /// The time at which a run that looks before every step has stopped, and the steps it made.
    func stops() -> (at: Double, steps: Int) {
      var deadline = Deadline(end: Moment(seconds: end), checkpoint: .seconds(guess))
      var (now, steps) = (0.0, 0)
      while true {
        let last = deadline.isNear(at: Moment(seconds: now))
        now += step
        steps += 1
        if last || steps % every == 0 {
          now += checkpoint
          deadline.checkpointTook(.seconds(checkpoint))
        }
        if last { return (now, steps) }
      }
    }
  }

  @Test(arguments: [60.0, 100, 101.5, 233, 1_000, 43_200]) func aRunHasStoppedBeforeItsEnd(
    end: Double
  ) {
    let stop = Run(end: end).stops()
    #expect(stop.at < end)
  }

  @Test func hardlyMoreTimeThanNeededIsGivenUp() {
    // Turns of 14 s (step and checkpoint), so at most three of them, half a checkpoint and the margin.
    let stop = Run(end: 43_200).stops()
    #expect(43_200 - stop.at < 3 * 14 + 5 + 15)
  }

  @Test(arguments: [300.0, 301, 307, 310, 1_000, 1_013])
  func aRunThatSavesInTheBackgroundHasStoppedBeforeItsEnd(
    end: Double
  ) {
    // Written while the steps go on, as long as six of them; the last one waits for the one before.
    let (step, writing, every) = (4.0, 25.0, 5)
    var deadline = Deadline(end: Moment(seconds: end), checkpoint: .seconds(writing))
    var (now, steps, free) = (0.0, 0, 0.0)
    var isLast = false
    while !isLast {
      let saves = (steps + 1) % every == 0
      isLast = deadline.isNear(at: Moment(seconds: now), isWriting: saves || free > now)
      now += step
      steps += 1
      guard isLast || saves else { continue }
      now = max(now, free)
      free = now + writing
    }
    #expect(free < end)
    #expect(end - free < 3 * step + 3.5 * writing + 15)
  }

  @Test func aSlowerCheckpointThanThoughtIsLearned() {
    let slow = Run(end: 1_000, checkpoint: 100, every: 5).stops()
    #expect(slow.at < 1_000)
    #expect(slow.at > 500)
  }

  @Test func withoutACheckpointSoFarTheGuessCounts() {
    let run = Run(end: 500, guess: 100, checkpoint: 100, every: .max)
    #expect(run.stops().at < 500)
    let none = Run(end: 500, guess: 0, checkpoint: 100, every: .max)
    #expect(none.stops().at > 500)
  }

  @Test func aRunThatBeginsTooLateMakesOneStep() {
    #expect(Run(end: 3).stops().steps == 1)
  }
}

@Suite struct SlurmJobTests {
  private func left(_ environment: [String: String], squeue: String? = nil) -> Duration? {
    SlurmJob.timeLeft(
      environment: environment, now: Date(timeIntervalSince1970: 1_000),
      askSlurm: { $0 == "7" ? squeue : nil })
  }

  @Test(
    arguments: [
      ("0:09", 9), ("59:01", 3_541), ("2:00:00", 7_200), ("1-00:00:05", 86_405), ("10:00\n", 600),
    ])
  func theTimeLeftOfAJobIsRead(text: String, seconds: Int) {
    #expect(SlurmJob.parse(text) == .seconds(seconds))
  }

  @Test(
    arguments: [
      "", "UNLIMITED", "INVALID", "NOT_SET", "5", "1-02", "1-02:03", "1:2:3:4", "1-2-3:4", "-1:00",
      ":", "a:b",
    ])
  func anythingElseIsNoTime(text: String) {
    #expect(SlurmJob.parse(text) == nil)
  }

  @Test func theEnvironmentIsAskedBeforeSlurm() {
    #expect(
      left(["SLURM_JOB_END_TIME": "1090", "SLURM_JOB_ID": "7"], squeue: "5:00") == .seconds(90))
    #expect(left(["SLURM_JOB_ID": "7"], squeue: "5:00") == .seconds(300))
    #expect(left(["SLURM_JOB_ID": "7"], squeue: nil) == nil)
    #expect(left([:], squeue: "5:00") == nil)
  }

  @Test func anEndThatHasPassedOrIsFarAwayIsNone() {
    #expect(left(["SLURM_JOB_END_TIME": "999"]) == nil)
    #expect(left(["SLURM_JOB_END_TIME": "4294967295"]) == nil)
    #expect(left(["SLURM_JOB_END_TIME": "soon"]) == nil)
  }
}
