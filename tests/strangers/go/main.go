// Audits a HealthLedger from outside with code that HealthLedger's authors did not write: golang.org/x/mod/sumdb/note and tlog, which every Go toolchain
// uses to check the checksum database. Checkpoint and signature under a pinned key; every hash tile up to the signed root; every entry, where a bearer token
// is given; and that the log only grew since the checkpoint in a file.
//
//	audit URL VKEY [-token FILE] [-seen FILE]
//
// Exit codes: 0 it holds, 1 it does not, 2 usage.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: audit URL VKEY [-token FILE] [-seen FILE]")
		os.Exit(2)
	}
	flags := flag.NewFlagSet("audit", flag.ExitOnError)
	tokenFile := flags.String("token", "", "file with an auditor's bearer token; without it the entries are not read")
	seen := flags.String("seen", "", "file with the signed checkpoint of an earlier run; written where it is absent")
	flags.Parse(os.Args[3:])
	if err := audit(strings.TrimSuffix(os.Args[1], "/"), os.Args[2], *tokenFile, *seen); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

func audit(url, vkey, tokenFile, seen string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("the pinned key cannot be read: %v", err)
	}
	log := &remote{url: url, tiles: map[string][]byte{}}
	if tokenFile != "" {
		token, err := os.ReadFile(tokenFile)
		if err != nil {
			return err
		}
		log.token = strings.TrimSpace(string(token))
	}
	signed, err := log.get("checkpoint")
	if err != nil {
		return err
	}
	newest, err := open(signed, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %v", err)
	}
	fmt.Printf("signature: %s signed %d entries\n", verifier.Name(), newest.N)

	reader := tlog.TileHashReader(newest, log)
	entries, err := leaves(log, reader, newest.N)
	if err != nil {
		return err
	}
	fmt.Printf("inclusion: %d hashes lead to the signed root\n", newest.N)
	if log.token == "" {
		fmt.Println("entries: not checked, no token was given")
	} else {
		fmt.Printf("entries: %d entries hash to their places\n", entries)
	}
	return grown(signed, newest, verifier, reader, seen)
}

// open verifies a signed checkpoint. tlog.ParseTree reads only the checksum database's own, so that the three lines are read here (c2sp.org/tlog-checkpoint).
func open(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("it is not of %s", verifier.Name())
	}
	var tree tlog.Tree
	if _, err := fmt.Sscanf(lines[1], "%d", &tree.N); err != nil || fmt.Sprint(tree.N) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("its second line is no size")
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// grown checks that what was seen before is still there, and remembers what was seen now.
func grown(signed []byte, newest tlog.Tree, verifier note.Verifier, reader tlog.HashReader, seen string) error {
	if seen == "" {
		fmt.Println("append-only: not checked, no earlier checkpoint was given")
		return nil
	}
	before, err := os.ReadFile(seen)
	if os.IsNotExist(err) {
		fmt.Println("append-only: not checked, this is the first checkpoint")
		return os.WriteFile(seen, signed, 0o600)
	}
	if err != nil {
		return err
	}
	older, err := open(before, verifier)
	if err != nil {
		return fmt.Errorf("the earlier checkpoint: %v", err)
	}
	if err := consistent(older, newest, reader); err != nil {
		return fmt.Errorf("the log signed two histories, these two checkpoints show it (%v):\n\n%s\n%s", err, before, signed)
	}
	fmt.Printf("append-only: the first %d entries are unchanged\n", older.N)
	return os.WriteFile(seen, signed, 0o600)
}

func consistent(older, newest tlog.Tree, reader tlog.HashReader) error {
	if older.N > newest.N {
		return fmt.Errorf("it had %d entries and now has %d", older.N, newest.N)
	}
	if older.N == newest.N {
		if older.Hash != newest.Hash {
			return fmt.Errorf("two roots for %d entries", older.N)
		}
		return nil
	}
	if older.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(newest.N, older.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newest.N, newest.Hash, older.N, older.Hash)
}
