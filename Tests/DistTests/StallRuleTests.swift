import Dist
import Testing

/// Who is taken to be behind, with made-up ranks and time.
@Suite struct StallRuleTests {
  private static let forward = Progress.Phase("forward", order: 1)
  private static let communication = Progress.Phase("communication", order: 4, waits: true)

  private func moment(
    _ moves: Int, step: Int = 7, phase: Progress.Phase? = nil, in operation: String? = nil
  ) -> Progress.Moment {
    var moment = Progress.Moment()
    (moment.moves, moment.step, moment.phase) = (moves, step, phase)
    moment.operation = operation
    return moment
  }

  private var waiting: Progress.Moment {
    moment(5, phase: Self.communication, in: "MPI_Allreduce")
  }

  private func rule(_ ranks: Int, own: Int = 0, timeout: Double = 10) -> StallRule {
    StallRule(hosts: (0..<ranks).map { "host\($0)" }, own: own, timeout: timeout)
  }

  /// Seconds pass one by one, in each of which the ranks say the same; the seconds after which the job is taken for stuck.
  private func stall(
    _ rule: inout StallRule, within limit: Int, _ moments: (Int) -> [Int: Progress.Moment]
  ) -> Int? {
    for second in 1...limit {
      rule.passed(1, turn: 1)
      for (rank, moment) in moments(second) { rule.heard(rank, moment) }
      if rule.isStalled { return second }
    }
    return nil
  }

  @Test func aRankThatFellSilentIsBehind() {
    var rule = rule(3)
    rule.heard(1, moment(9, phase: Self.forward))
    let seconds = stall(&rule, within: 30) { _ in [0: waiting, 2: waiting] }
    // A second for the first words of the others, which are moves.
    #expect(seconds == 11)
    #expect(rule.verdict == .stuck([1]))
    #expect(
      rule.report == """
        nothing has moved for 10 s. Behind:
          rank 1 of 3 on host1: no sign of life for 11 s (stopped, or its machine cannot be reached); \
        last seen in step 7, forward
        Waiting for it:
          ranks 0, 2 in step 7, communication (MPI_Allreduce)
        """)
  }

  @Test func aRankThatSpeaksButDoesNotWaitIsBehind() {
    var rule = rule(3)
    var stuck = moment(3, phase: Self.forward)
    stuck.layer = 4
    #expect(stall(&rule, within: 30) { _ in [0: waiting, 1: waiting, 2: stuck] } == 11)
    #expect(rule.verdict == .stuck([2]))
    #expect(rule.report.contains("rank 2 of 3 on host2: for 10 s in step 7, forward, layer 4"))
  }

  @Test func aRankThatMovesKeepsTheJobAlive() {
    var rule = rule(2)
    let seconds = stall(&rule, within: 500) { second in
      [0: moment(second / 8, phase: .init("checkpoint", order: 8)), 1: waiting]
    }
    #expect(seconds == nil)
  }

  @Test func ofRanksThatAllWaitTheEarliestIsBehind() {
    var one = rule(3)
    let early = moment(1, step: 6, phase: Self.communication, in: "MPI_Bcast")
    #expect(stall(&one, within: 30) { _ in [0: waiting, 1: early, 2: waiting] } != nil)
    #expect(one.verdict == .behind([1]))
    var two = rule(2)
    let evaluating = moment(
      1, phase: Progress.Phase("evaluation", order: 7), in: "MPI_Allreduce")
    #expect(stall(&two, within: 30) { _ in [0: evaluating, 1: waiting] } != nil)
    #expect(two.verdict == .behind([1]))
    var same = rule(2)
    #expect(stall(&same, within: 30) { _ in [0: waiting, 1: waiting] } != nil)
    #expect(same.verdict == .nobody)
    #expect(same.report.contains("ranks 0-1 in step 7"))
  }

  @Test func aRankThatNeverSpokeIsNamedOnlyWhereAllOthersWait() {
    var rule = rule(3)
    #expect(stall(&rule, within: 30) { _ in [0: waiting, 1: waiting] } != nil)
    #expect(rule.unheard == [2])
    #expect(rule.verdict == .unheard([2]))
    #expect(rule.report.contains("  rank 2 of 3 on host2\n"))
    rule.heard(1, moment(5, phase: Self.forward))
    #expect(rule.verdict == .stuck([1]))
  }

  @Test func whereRankZeroFellSilentTheOthersSpeakOneByOne() {
    var seconds: [Int] = []
    for own in 1...3 {
      var rule = rule(4, own: own)
      rule.heard(0, moment(4, phase: Self.forward))
      seconds.append(stall(&rule, within: 60) { _ in [own: waiting] } ?? 0)
      #expect(rule.verdict == .stuck([0]))
    }
    #expect(seconds[0] > 10 && seconds[0] < 20)
    #expect(seconds == seconds.sorted())
  }

  @Test func aWatchdogThatWasStoppedItselfBeginsAnew() {
    var rule = rule(2)
    #expect(stall(&rule, within: 8) { _ in [0: waiting] } == nil)
    rule.passed(3_600, turn: 1)
    #expect(stall(&rule, within: 9) { _ in [0: waiting] } == nil)
    #expect(stall(&rule, within: 1) { _ in [0: waiting] } == 1)
    // One that was late a little counts little of it.
    var late = self.rule(2)
    late.heard(0, waiting)
    for _ in 0..<4 { late.passed(5, turn: 1) }
    #expect(!late.isStalled)
    late.passed(5, turn: 1)
    #expect(late.isStalled)
  }

  @Test func whereARankHungUpTheStarterOfTheJobActsFirst() {
    var rule = rule(3)
    rule.heard(1, waiting)
    rule.lost(1)
    #expect(stall(&rule, within: 60) { _ in [0: waiting, 2: waiting] } == 21)
    rule.heard(1, waiting)
    #expect(rule.verdict == .nobody)
  }

  @Test func aLivingRankZeroDecidesAlone() {
    var rule = rule(2, own: 1)
    #expect(stall(&rule, within: 500) { _ in [0: waiting, 1: waiting] } == nil)
  }

  @Test func aRankAloneEndsItselfAndLetsThoseThatWaitSpeakLater() {
    var busy = rule(2, own: 1)
    #expect(stall(&busy, within: 60) { _ in [1: moment(1, phase: Self.forward)] } == 11)
    #expect(busy.verdict == .stuck([1]))
    var idle = rule(2, own: 1)
    #expect(stall(&idle, within: 60) { _ in [1: waiting] } == 21)
    #expect(idle.verdict == .unheard([0]))
    var single = rule(1)
    #expect(stall(&single, within: 60) { _ in [0: moment(1, phase: Self.forward)] } == 11)
  }
}
