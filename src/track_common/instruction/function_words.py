"""The small words of the language: requests, negations, relations, and everything that says nothing about looks."""

from __future__ import annotations

from track_common.instruction.lexicon import words

# Phrases are joined by "_" before anything else is read; the longest phrase wins.
FOLLOW = words(
    "follow follows following track tracking pursue pursuing chase chasing shadow tail trail accompany escort find "
    "locate watch observe approach target seek"
) | words(
    "go_after walk_after run_after come_after stay_behind keep_behind walk_behind go_behind stay_with stick_with "
    "stick_to keep_up_with go_with come_with walk_with come_along_with go_to go_towards go_toward walk_to look_for "
    "search_for keep_following keep_tracking start_following start_tracking begin_following continue_following "
    "resume_following keep_an_eye_on stay_close_to keep_close_to stay_near focus_on lock_on lock_onto lock_on_to "
    "switch_to change_to move_to tag_along_with go_for run_behind heel"
)
STOP = words(
    "nevermind end finish terminate stop halt freeze wait stay cease quit abort cancel enough pause desist whoa stopp"
) | words(
    "stand_still stand_down stand_by hold_on hold_it hold_still hold_position keep_still stay_here stay_there "
    "stay_put stay_still stay_where_you_are stop_moving stop_it stop_now stop_there stop_here sit_down sit_still "
    "shut_down switch_off turn_off power_off emergency_stop e_stop estop stop_right_there back_off go_away "
    "come_to_a_stop come_to_a_halt let_it_be forget_it never_mind_it do_nothing remain_still remain_here "
    "remain_there leave_it no_more no_more_following "
    "do_not_follow_anymore give_up stop_everything stop_please that_is_enough that_will_do that_is_all end_following "
    "end_tracking let_him_go let_her_go let_them_go let_it_go let_me_go let_go keep_back stay_back stay_away "
    "keep_away keep_your_distance_please no_wait wait_no"
)
STOP_FOLLOWING = words(
    "stop_following stop_tracking stop_chasing stop_pursuing stop_going_after stop_walking_after stop_shadowing "
    "stop_watching stop_to_follow quit_following quit_tracking cease_following cease_tracking cease_to_follow "
    "no_longer_follow not_follow_anymore abort_following cancel_following discontinue_following end_following_of "
    "refrain_from_following avoid_following stop_approaching stop_looking_for give_up_on give_up_following "
    "let_go_of stop_searching_for stop_staying_behind pause_following halt_following finish_following"
)
AVOID = words("ignore ignoring disregard disregarding avoid avoiding skip skipping forget dismiss drop shun") | words(
    "never_mind forget_about stay_away_from keep_away_from get_away_from go_away_from move_away_from walk_away_from "
    "keep_your_distance_from keep_distance_from back_away_from steer_clear_of stay_clear_of keep_clear_of leave "
    "leave_alone do_not_bother do_not_mind pay_no_attention_to do_not_approach run_away_from switch_from change_from "
    "turn_away_from lose"
)
ASK = words("where what why how when who which whose describe explain count tell say show") | words(
    "do_you_see can_you_see have_you_seen did_you_see do_you_know could_you_see do_you have_you had_you "
    "should_i should_we shall_i shall_we may_i may_we can_i can_we could_i could_we must_i must_we do_i do_we am_i "
    "would_i would_we will_i will_we"
)  # at the start of a sentence only
MOVE = words("go move walk run drive come budge advance proceed continue")  # after "do not": a stop
LET = words("go be alone pass leave through past walk")  # "let the man in red go": nobody to follow
KEEP_ON = words("stop lose abandon forget leave drop ignore")  # after "do not": go on following
NEGATIONS = words("not no without never nor neither non lacks lacking lack minus sans cannot") | words(
    "anything_but anything_except anything_other_than something_other_than everything_but all_but"
)
EXCEPTIONS = words("except excepting excluding save besides barring unlike excludes") | words(
    "except_for other_than apart_from aside_from rather_than instead_of as_opposed_to different_from with_exception_of"
)
WEAR = words("wearing wears wear worn wore dressed clad sporting dons donning in")
HAVE = words(
    "with has have having had carrying carries carry holding holds hold pushing pushes pulling pulls riding rides ride "
    "bearing using leading dragging"
)
INNER = words("over")
OF_WHICH = words("of")
RELATIONS = {
    **dict.fromkeys(
        words(
            "next_to beside near nearby alongside by along_with together_with close_to adjacent_to accompanied_by "
            "to_the_side_of at_the_side_of side_by_side_with nearest_to closest_to talking_to talking_with "
            "speaking_to speaking_with chatting_with walking_with standing_with sitting_with running_with "
            "holding_hands_with hand_in_hand_with around"
        ),
        "next to",
    ),
    **dict.fromkeys(words("behind in_back_of at_the_back_of"), "behind"),
    **dict.fromkeys(words("in_front_of before ahead_of followed_by"), "in front of"),
    **dict.fromkeys(
        words("left_of to_the_left_of on_the_left_of at_the_left_of on_the_left_side_of to_the_left_side_of left_from"),
        "left of",
    ),
    **dict.fromkeys(
        words(
            "right_of to_the_right_of on_the_right_of at_the_right_of on_the_right_side_of to_the_right_side_of "
            "right_from"
        ),
        "right of",
    ),
    **dict.fromkeys(words("between in_between"), "between"),
}
SIDES = {
    **dict.fromkeys(
        words(
            "on_the_left to_the_left at_the_left on_the_left_side on_the_left_hand_side leftmost left on_my_left "
            "on_your_left to_your_left to_my_left far_left on_the_far_left at_left on_left left_hand left_side"
        ),
        "from the left",
    ),
    **dict.fromkeys(
        words(
            "on_the_right to_the_right at_the_right on_the_right_side on_the_right_hand_side rightmost right "
            "on_my_right on_your_right to_your_right to_my_right far_right on_the_far_right at_right on_right "
            "right_hand right_side"
        ),
        "from the right",
    ),
    **dict.fromkeys(
        words("in_the_middle in_the_center in_the_centre middle center centre central middlemost at_the_center"),
        "nearest to the middle of the others first",
    ),
    **dict.fromkeys(
        words(
            "nearest closest closest_to_the_camera nearest_to_the_camera nearest_the_camera closest_to_the_robot "
            "nearest_to_the_robot closest_to_you nearest_to_you closest_to_us nearest_to_me closest_to_me frontmost"
        ),
        "nearest first",
    ),
    **dict.fromkeys(
        words(
            "farthest furthest farthest_away furthest_away most_distant at_the_back in_the_back far_away distant "
            "in_the_background in_the_distance"
        ),
        "farthest first",
    ),
}
FROM_SIDES = {
    "from_the_left": "from the left",
    "from_left": "from the left",
    "from_the_right": "from the right",
    "from_right": "from the right",
    "from_the_front": "nearest first",
    "from_the_back": "farthest first",
}
ORDINALS = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "fifth": 5,
    "5th": 5,
    "last": -1,
}
NUMBERS = words("two three four five six several many few both some 2 3 4 5 6")
FRONT = words(
    "in_front in_front_of_you in_front_of_us in_front_of_me ahead ahead_of_you directly_ahead you_see you_see_first "
    "first_you_see before_you in_your_view in_view in_sight visible there here in_your_sight in_the_picture "
    "in_the_image in_the_frame in_front_of_the_robot in_front_of_the_camera you_see_now you_can_see see_first "
    "in_the_foreground in_the_front at_the_front in_your_way"
)
DETERMINERS = words(
    "a an the this that these those some any his her their its my your our very quite really rather just only "
    "mostly mainly somewhat pretty one_of each_of any_of every such same the_same"
)
COPULAS = words("is are was were being be been looks seems appears am s")
AUXILIARIES = words("does do did will would can could should shall must may might has_got has_to")
RELATIVES = words("who that which whose whom")
CONJUNCTIONS = words("and plus &  as_well_as along_with_a")
WHOLLY = words("all fully completely entirely head_to_toe wholly totally")
PLACE_PREPOSITIONS = words(
    "on at to from toward towards into onto across through along inside outside under underneath beneath above up down "
    "out off past against against_the around about within among amongst upon per via for after during below"
)
PLACES = words(
    "street road pavement sidewalk path stage room corridor hallway hall kitchen office door doorway window wall "
    "corner stairs staircase floor ground grass lawn park field garden building house shop store station platform "
    "lobby entrance exit gate fence bridge tree trees bush river lake beach square plaza crosswalk crossing "
    "intersection lane track court pitch gym school market parking lot lift elevator escalator counter queue line "
    "crowd scene picture image photo video frame camera background foreground front back side way end middle distance "
    "direction left_side sun shade shadow rain snow air city town world wheel_chair bus_stop busstop pillar column "
    "pole lamp lamppost sign box boxes shelf machine robot lights light area space hands hand arm arms head face "
    "today moment time place spot start beginning step steps wheelchair scooter stroller pram trolley cart fountain "
    "sky space statue monument kiosk cafe bar restaurant barrier railing curb kerb driveway yard porch "
    "balcony roof aisle ramp"
)
TRAIT_ADJECTIVES = words(
    "police next tall short old young elderly big small little large thin slim fat heavy chubby bald bearded handsome "
    "beautiful nice lovely strong weak angry sad happy funny strange mysterious busy tired lone only other another "
    "different certain particular moving main real whole lonely middle_aged asian african european american chinese "
    "indian japanese bespectacled masked tattooed curly straight pregnant barefoot male female taller tallest shorter "
    "shortest older oldest younger youngest biggest smallest armed wet cool colourful colorful multicolored "
    "multicoloured"
)
TRAIT_NOUNS = words(
    "beard moustache mustache glasses sunglasses spectacles goggles tattoo tattoos necklace mask ring earrings "
    "earring watch gloves glove scarf scarves socks sock belt bracelet jewelry headphones earphones stick cane crutch "
    "crutches camera flag microphone guitar newspaper paper clipboard flowers bouquet basket box tray tool tools "
    "hammer ladder drink coffee food ice cream cigarette badge smile height build body eyes skin legs leg arms arm "
    "hands hand back face limp walking_stick shoulder pocket pockets lanyard bandana number balloon balloons gun rifle "
    "accent voice bow"
)
HARMLESS_FIRST = words("see")  # verbs a sentence may begin with that ask for nothing
CLAUSE_STARTERS = words("then now while whilst please instead finally so")  # a verb after one is a request
UNFINISHED = words("the a an with has having in wearing wears not without no their dressed")  # not at an end
VERBS = words(
    "walk walks walked walking stand stands stood standing run runs ran running sit sits sat sitting move moves moved "
    "moving go goes going went come comes coming came turn turns turning look looks looking talk talks talking speak "
    "speaks speaking jump jumps jumping dance dances dancing wait waits waiting stops stopped stopping leave leaves "
    "leaving left_the enter enters entering cross crosses crossing pass passes passing lean leans leaning sing sings "
    "singing play plays playing read reads reading work works working smoke smokes smoking eat eats eating drink "
    "drinks drinking jog jogs jogging stroll strolls strolling approach approaches approaching appear appeared see "
    "sees seen saw keep keeps keeping get gets getting got start starts started starting begin begins stays staying "
    "lying lies kneeling crouching bending bent waving waves pointing pointing_at smiling laughing shouting kicking "
    "throwing catching hiding hides rushing hurrying wandering facing heading turned called named known shown "
    "matching belongs belong describes described meant mean follows crosses stepping climbing "
    "swimming skating cycling driving flying exiting marching pacing resting sleeping typing texting calling filming"
)
ADVERBS = words(
    "please now then again there here slowly quickly fast carefully closely always still also too just only straight "
    "directly immediately away back forward forwards backwards together alone later soon ok okay yes hey hello hi "
    "thanks thank you i we to am ill id want wanted need let lets let_us would_like like kindly right_now at_once "
    "so thus well first finally maybe instead everywhere anywhere somewhere quietly safely at_all either anymore "
    "any_more any_longer longer more currently today while wherever go2 spot robodog good boy_ "
    "your task job mission goal is_to it whilst though although ever even once_more around try make_sure be dear sir "
    "further farther closer mind said told repeat pursuit operation process program doing "
    "keep_your_distance keep_a_distance at_a_distance from_a_distance from_behind outside inside indoors outdoors "
    "upstairs downstairs nearby_ behind_ downtown along over_there over_here right_there out by_itself by_himself "
    "by_herself by_themselves alone from_now_on until_further_notice as_well to_me to_us camera_side this_time "
    "from_right_to_left from_left_to_right left_to_right right_to_left "
    "from_the_right_to_the_left from_the_left_to_the_right this_way that_way his_way her_way on_foot "
    "at_the_moment right_away do_you_mind do_you_think may_i_ask_you may_i_kindly_ask_you can_i_ask_you "
    "could_i_ask_you about_to"
)
LIKENESS = words("like as")  # "looks like a policeman in blue"
NOBODY_ELSE = words(
    "anyone_else anybody_else nobody_else no_one_else noone_else everyone_else everybody_else someone_else "
    "anything_else"
)
CONDITIONS = words("if unless until till provided otherwise else when whenever once as_soon_as as_long_as so_long_as")
CORRECTIONS = words(
    "i_mean i_meant i_mean_to_say scratch_that correction or_rather make_that no_sorry sorry_no actually_no"
)  # after a description: what was said before does not hold
COMPARATIVES = words("less least more most")  # before a colour
UNTIL_TOLD = (
    "until_i_say",
    "until_i_tell",
    "until_told",
    "until_you_are_told",
    "until_further_notice",
    "until_i_stop",
)
VOCATIVES = words("robot dog doggy go2 spot unitree buddy pal siri alexa machine boy dude man mate sir")
