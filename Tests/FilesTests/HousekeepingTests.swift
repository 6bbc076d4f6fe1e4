import Files
import Foundation
import TestSupport
import Testing

/// A write that succeeded stays reported as such, even if the old files cannot be removed.
@Suite struct HousekeepingTests {
  /// Folders `x` that cannot be removed or renamed, made in shell; `then` runs the program `$0` as `$as`.
  enum Obstacle: String, CaseIterable {
    /// Its permissions do not let go of its files.
    case permissions
    /// Its files are others', in a folder of `/tmp`'s kind.
    case sticky
    /// A file in it is a mount point.
    case busy
    /// A file in it is immutable.
    case immutable

    var preparation: String {
      switch self {
      case .permissions: "chmod 555 x"
      case .sticky: "chown -R root . && chmod 1777 . x && chown $user ."
      case .busy: "touch m && mount --bind m x/b"
      case .immutable: "chattr +i x/b || exit 9"
      }
    }

    var repair: String {
      switch self {
      case .permissions: "chmod 755 x"
      case .sticky: "chmod 777 x && chown -R $user ."
      case .busy: "umount x/b"
      case .immutable: "chattr -i x/b"
      }
    }

    /// Root may do anything that is a matter of permissions.
    var needsUser: Bool { self == .permissions || self == .sticky }
  }

  private static var isRoot: Bool { geteuid() == 0 }

  /// Runs a script in a new folder, with the program as `$0`; `$as` before a command runs it without root's rights where it is asked
  /// for, and `$user` is who that is.
  private func run(_ script: String, asUser: Bool = false) throws -> Command.Outcome {
    try withTemporaryFolder { folder in
      let user = 54_321
      let `as` =
        asUser && Self.isRoot ? "setpriv --reuid=\(user) --regid=\(user) --clear-groups" : ""
      let prelude = """
        as='\(`as`)'; user=\(Self.isRoot ? "\(user)" : "$(id -u)"); state() { for f in x/a x/b; do cat $f; done; ls -A; }
        [ -z "$as" ] || chmod 777 .

        """
      let program = try Products.executable("WriterProgram")
      let prefix = Self.isRoot ? ["unshare", "--mount"] : []
      return try Command(
        prefix + ["sh", "-c", prelude + script, program], folder: folder, limit: 20
      ).run()
    }
  }

  @Test(
    .enabled(if: isRoot, "only root can mount, and be another user"), arguments: Obstacle.allCases)
  func aFolderThatCannotBeRemovedStaysWholeAndIsToldOnce(obstacle: Obstacle) throws {
    let outcome = try run(
      """
      $as "$0" folder x old; \(obstacle.preparation)
      $as "$0" remove x; state; \(obstacle.repair); $as "$0" remove x; ls -A
      """, asUser: obstacle.needsUser)
    if outcome.status == 9 { return }  // a file system without immutable files
    let lines = outcome.output.split(separator: "\n").map(String.init)
    let old = obstacle == .busy ? "old" : "oldold"
    let names = obstacle == .busy ? ["m", "x"] : ["x"]
    #expect(lines.prefix(2) == ["removed: false", "removed: false"], "\(outcome)")
    #expect(lines.dropFirst(2).first?.hasPrefix("warning: x: cannot remove it: ") == true)
    #expect(lines.dropFirst(3).first.map { $0.hasPrefix(old) } == true, "\(outcome)")
    #expect(lines.count { $0.hasPrefix("warning") } == 1, "\(outcome)")
    let rest = lines.drop { !$0.hasPrefix(old) }.joined(separator: "\n")
    #expect(
      rest == old
        + (names + ["removed: true", "removed: true"] + names.dropLast()).joined(separator: "\n"),
      "\(outcome)")
  }

  @Test(
    .enabled(if: isRoot, "only root can mount, and be another user"), arguments: Obstacle.allCases)
  func aFolderThatCannotBeRemovedIsReplacedWithAWarning(obstacle: Obstacle) throws {
    let outcome = try run(
      """
      $as "$0" folder x old; \(obstacle.preparation)
      $as "$0" folder x new; echo "status $?"; cat x/a x/b; echo; ls -A | wc -l
      [ \(obstacle) != immutable ] || chattr -i .x.*/b
      """, asUser: obstacle.needsUser)
    if outcome.status == 9 { return }
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.hasPrefix("warning: ./.x.partial-") == true, "\(outcome)")
    #expect(lines.dropFirst().prefix(2) == ["status 0", "newnew"], "\(outcome)")
    #expect(lines.last == (obstacle == .busy ? "3" : "2"))
  }

  /// Another name is taken where a leftover of ours has it.
  @Test(
    .enabled(if: isRoot, "only root can be another user"), arguments: ["replaced", "partial-1"])
  func aLeftoverThatCannotBeRemovedIsNoHindrance(mark: String) throws {
    let outcome = try run(
      """
      $as "$0" folder x old; cp -r x .x.\(mark); chown -R $user .x.\(mark); chmod 555 .x.\(mark)
      $as "$0" folder x new; echo "status $?"; state
      """, asUser: true)
    #expect(outcome.output.hasPrefix("warning: ./.x.\(mark)"), "\(outcome)")
    #expect(outcome.output.hasSuffix("status 0\nnewnew.x.\(mark)\nx\n"), "\(outcome)")
  }

  /// Folders of an overlay's lower layer cannot be renamed, and mount points neither.
  @Test(.enabled(if: isRoot, "only root can mount"), arguments: ["overlay", "mount point"])
  func foldersThatCannotBeRenamedAreReplacedAndRemoved(kind: String) throws {
    let preparation =
      kind == "overlay"
      ? """
      mkdir l m t; mount -t tmpfs none t; mkdir t/u t/w l/p; "$0" folder l/p/x old
      mount -t overlay overlay -o lowerdir=l,upperdir=t/u,workdir=t/w,redirect_dir=off m || exit 9
      cd m/p
      """ : "mkdir p p/x; cd p; mount -t tmpfs none x; echo old >x/a"
    let outcome = try run(
      """
      \(preparation)
      "$0" folder x new; echo "status $?"; state
      """)
    if outcome.status == 9 { return }  // a kernel without overlays
    #expect(outcome.output == "status 0\nnewnewx\n", "\(outcome)")
    if kind == "overlay" {
      let removal = try run(
        "\(preparation)\n\"$0\" remove x; ls -A; \"$0\" folder x new; state")
      #expect(removal.output == "removed: true\nremoved: true\nnewnewx\n", "\(removal)")
    }
  }

  /// Ways to write, and what each does to a link.
  @Test(arguments: ["file", "folder", "log"])
  func whatALinkPointsToIsReplaced(way: String) throws {
    let outcome = try run(
      """
      mkdir far; show() { if [ -d x ]; then cat x/a; echo; else cat x; echo; fi; ls -A; ls -A far; readlink x; }
      "$0" \(way) far/y old; ln -s far/y x; "$0" \(way) x new; show
      ln -s far/none n; "$0" require-\(way == "folder" ? way : "file") n; "$0" \(way) n new; ls -A far
      """)
    let content = way == "log" ? "old\nnew\n" : "new"
    let refusal =
      "error: n: is a link to far/none, which does not exist; create that or remove the link\n"
    // A log is opened, and the system makes the file that a link to nothing names.
    let end = way == "log" ? "none\ny\n" : refusal + "y\n"
    #expect(outcome.output == "\(content)\nfar\nx\ny\nfar/y\n\(refusal)\(end)", "\(outcome)")
  }

  @Test func placesAreTriedBeforeTheWork() throws {
    let outcome = try run(
      """
      mkdir f ro; chmod 555 ro; touch g h; chmod 444 h; [ -z "$as" ] || chown -R $user .
      for way in file folder; do for path in new f g h none/x g/x ro/x '' /dev/null; do
        $as "$0" require-$way "$path" >out; echo "$way $path: $? $(cut -d: -f2 out | tail -c +2)"; done; done; ls -A
      """, asUser: true)
    #expect(
      outcome.output == """
        file new: 0\u{20}
        file f: 1 f
        file g: 0\u{20}
        file h: 1 h
        file none/x: 1 none
        file g/x: 1 g
        file ro/x: 1 ro/x
        file : 1 is not a file name; give the name of the file to write
        file /dev/null: 0\u{20}
        folder new: 0\u{20}
        folder f: 0\u{20}
        folder g: 1 g
        folder h: 1 h
        folder none/x: 0\u{20}
        folder g/x: 1 g
        folder ro/x: 1 ro/x
        folder : 1 the name of the folder to write is empty; give one
        folder /dev/null: 1 /dev/null
        f
        g
        h
        out
        ro

        """, "\(outcome)")
  }

  /// A file keeps its permissions, and a descriptor's name is written to, not replaced.
  @Test func replacingKeepsWhatIsNotContent() throws {
    let outcome = try run(
      """
      "$0" file x old; chmod 640 x; "$0" file x new; stat -c %a x; cat x; echo
      { echo before; "$0" file /dev/stdout middle; echo; echo after; } >y; cat y
      mkfifo p; cat p & "$0" file p through; wait; ls -A
      """)
    #expect(
      outcome.output == "640\nnew\nbefore\nmiddle\nafter\nthroughp\nx\ny\n", "\(outcome)")
  }

  @Test func aLineThatWasCutShortDoesNotSpoilTheNext() throws {
    try withTemporaryFolder { folder in
      try put(Array("one\ntw".utf8), at: "\(folder)/log")
      try AppendedFile("\(folder)/log").append("three")
      #expect(try FileReader.text(of: "\(folder)/log") == "one\ntw\nthree\n")
    }
  }
}
