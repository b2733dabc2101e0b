"""Judgement: policies, and the checks that hold a catalogue against them."""
